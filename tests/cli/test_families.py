"""`attn families`: which models attn knows, with their traits."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.cells import cell_len

from attncli.family import FAMILIES
from attncli.model.family_traits import families
from tests.conftest import Run, error_of, text_of
from tests.support.documents import document

GOLDEN = Path(__file__).parent.parent / "golden"
SAMPLE = str(Path(__file__).parent.parent.parent / "samples" / "exercise.npz")


def test_every_family_is_listed_with_its_traits(attn: Run) -> None:
    listed = document(attn, "families")["families"]
    assert [f["family"] for f in listed] == list(FAMILIES)
    by_name = {f["family"]: f for f in listed}
    llama, bert, gpt2 = (by_name[name] for name in ("llama", "bert", "gpt2"))
    assert (llama["norm"], llama["positions"], llama["feed_forward"]) == ("RMSNorm", "rotary", "silu, gated")
    assert (bert["mask"], bert["block"], bert["heads"]) == ("every key", "post_norm", "multi-head")
    assert "2 token types" in bert["special"]
    assert (gpt2["mask"], gpt2["positions"], gpt2["special"]) == ("causal", "learned", ["biases"])


def test_a_family_names_the_fields_that_may_differ_and_no_others() -> None:
    (gpt2,) = families(("gpt2",))
    assert "scale_attn_by_inverse_layer_idx" in gpt2.fields
    assert "add_cross_attention" not in gpt2.fields  # any value but false is refused


def test_a_family_without_traits_says_which_field_it_needs() -> None:
    for family in families():
        assert (family.traits is None) == bool(family.refusal)
        assert family.traits is not None or "is missing" in family.refusal


def test_families_can_be_named(attn: Run) -> None:
    assert [f["family"] for f in document(attn, "families", "llama", "gpt2")["families"]] == ["llama", "gpt2"]
    assert "Did you mean llama" in error_of(attn("families", "lama"), 2)


@pytest.mark.parametrize("width", ["40", "80", "160"])
@pytest.mark.parametrize("command", [("families",), ("model", str(GOLDEN / "bert-tied"))])
def test_tables_fit_the_terminal(attn: Run, width: str, command: tuple[str, ...]) -> None:
    lines = text_of(attn(*command, COLUMNS=width)).splitlines()
    assert max(map(cell_len, lines)) <= int(width)


def test_families_as_csv_and_markdown(attn: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(attn("families", "--format", "csv")))))
    assert [row["family"] for row in rows] == list(FAMILIES)
    assert "rope_theta" in rows[list(FAMILIES).index("llama")]["config"].split("; ")
    lines = [line for line in text_of(attn("families", "--format", "md")).splitlines() if line.startswith("|")]
    assert len(lines) == len(FAMILIES) + 2
    assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1


@pytest.mark.parametrize("format_", ["npz", "safetensors"])
@pytest.mark.parametrize("command", [("families",), ("model", SAMPLE)])
def test_words_are_not_written_as_arrays(attn: Run, command: tuple[str, ...], format_: str) -> None:
    assert f"--format '{format_}' is unknown: give one of table" in error_of(
        attn(*command, "--format", format_), 2
    )
    said = error_of(attn(*command, "-o", f"out.{format_}"), 2)
    assert f"attn {command[0]} does not write .{format_} files" in said
    assert ".json .ndjson .csv;" in said
