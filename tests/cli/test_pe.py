"""`attn pe`: positional encodings, of the formulas and of a model's own."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.conftest import Run, text_of
from tests.support.checkpoints import tensors, write_gpt2
from tests.support.documents import schema, strictly

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize("format_", ["table", "json", "ndjson", "csv", "md", "npz", "safetensors"])
@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "alibi"])
def test_pe_comes_in_every_format(attn: Run, kind: str, format_: str) -> None:
    done = attn("pe", "--kind", kind, "--length", "3", "--format", format_)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_pe_gives_the_numbers_of_the_paper(attn: Run) -> None:
    document = strictly(text_of(attn("pe", "--dim", "64", "--position", "3,5-9", "--json")))
    jsonschema.validate(document, schema(attn, "pe"))
    (stage,) = document["stages"]
    for row, pos in zip(stage["values"], [3, 5, 6, 7, 8, 9], strict=True):
        for i in range(32):
            assert row[2 * i] == pytest.approx(np.sin(pos / 10000 ** (2 * i / 64)), abs=1e-12)
            assert row[2 * i + 1] == pytest.approx(np.cos(pos / 10000 ** (2 * i / 64)), abs=1e-12)


def test_pe_shows_a_checkpoints_own_table(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    document = strictly(text_of(attn("pe", "--model", "m", "--position", "2-4", "--json")))
    jsonschema.validate(document, schema(attn, "pe"))
    np.testing.assert_array_equal(
        np.array(document["stages"][0]["values"], np.float32), tensors()["wpe.weight"][2:5]
    )


def test_pe_shows_the_vectors_that_the_tokens_get(attn: Run) -> None:
    """Of a model whose positions do not begin at the table's first row."""
    model = str(GOLDEN / "roberta-padding")
    asked = strictly(text_of(attn("pe", "--model", model, "--length", "3", "--json")))
    given = strictly(
        text_of(attn("explain", "--ids", "7,9,8", "-m", model, "--stage", "embed.positions", "--json"))
    )
    assert asked["stages"][0]["values"] == given["stages"][0]["values"]
    assert asked["stages"][0]["formula"] == given["stages"][0]["formula"] == "P = P[4 + pos]"
