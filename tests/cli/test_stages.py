"""`attn stages`: what the stages are, and what others call them."""

from __future__ import annotations

from pathlib import Path

import pytest

import attncli
from attncli.stages import CATALOGUE
from tests.conftest import Run, error_of, text_of
from tests.support.documents import document

GOLDEN = Path(__file__).parent.parent / "golden"


def test_every_stage_that_a_family_can_have_is_listed(attn: Run) -> None:
    names = [stage["stage"] for stage in document(attn, "stages")["stages"]]
    assert names == [name for name in CATALOGUE if name in set(names)]  # in the order of computation
    missing = CATALOGUE.keys() - set(names)
    assert all(
        name.startswith("cross.") for name in missing
    )  # no decoder has these of its attention to the encoder
    assert {"attn.weights", "attn.content_to_position", "head.projected", "embed.projected"} <= set(names)


def test_a_stage_is_described_with_the_names_that_others_give_it(attn: Run) -> None:
    (weights,) = document(attn, "stages", "pattern")["stages"]
    assert (weights["stage"], weights["formula"]) == ("attn.weights", "A = softmax(M)")
    assert weights["axes"] == ["head", "query", "key"]
    assert "attn.hook_pattern" in weights["transformer_lens"]
    assert "kq_soft_max" in weights["llama_cpp"]
    (queries,) = document(attn, "stages", "Q", "-m", str(GOLDEN / "gpt2-untied"))["stages"]
    assert (queries["family"], queries["transformers"]) == ("gpt2", ["h.{L}.attn.c_attn"])
    assert "h.{L}.attn.c_attn" in text_of(attn("stages", "Q", "-m", str(GOLDEN / "gpt2-untied")))


@pytest.mark.parametrize("names", [(), ("weights",), ("attn.q*", "l_out-0")])
@pytest.mark.parametrize("width", ["40", "80", "120"])
def test_the_list_fits_the_window(attn: Run, names: tuple[str, ...], width: str) -> None:
    assert max(map(len, text_of(attn("stages", *names, COLUMNS=width)).splitlines())) <= int(width)


def test_every_name_that_is_listed_is_understood(attn: Run) -> None:
    model = attncli.load_model()
    for stage in attncli.catalogue(model=model):
        for name in (stage.name, *stage.names["llama.cpp"], *stage.names["words"], *stage.names["transformers"]):
            chosen = attncli.catalogue(name.replace("{L}", "0"), model)
            assert [s.name for s in chosen] == [stage.name] or name in ("Qcur", "Kcur"), (stage.name, name)


def test_an_unknown_name_is_refused(attn: Run) -> None:
    assert "Did you mean" in error_of(attn("stages", "wieghts"), 2)
