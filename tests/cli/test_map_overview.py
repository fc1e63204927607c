"""Every head of a model in one window: the grid of their maps, and `attn map --overview`."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

import attncli
from tests.cli.test_map import SENTENCE, T5, TERMINALS, plain
from tests.conftest import Run, text_of
from tests.support.documents import document


def big(attn: Run, *more: str, width: str = "120", lines: str = "40") -> list[str]:
    """What a terminal shows of a model of 12 layers and 12 heads."""
    options = ("--seed", "0", "--layers", "12", "--heads", "12", "--d-model", "96")
    environment = {"COLUMNS": width, "LINES": lines, **TERMINALS["256"]}
    return plain(text_of(attn("map", "The cat sat on the mat", *options, *more, **environment))).splitlines()


def test_the_heads_of_a_layer_share_a_row_where_they_fit(attn: Run) -> None:
    lines = big(attn)
    titles = [line.split() for line in lines if re.match(r"\d+\.0 ", line)]
    assert titles == [[f"{layer}.{head}" for head in range(12)] for layer in range(12)]
    assert max(map(cell_len, lines)) <= 120
    assert "--overview shows every head at once, --layer and --head some." in " ".join(lines)


@pytest.mark.parametrize("width", ["80", "120"])
def test_an_overview_of_a_large_model_fits_a_small_window(attn: Run, width: str) -> None:
    lines = big(attn, "--overview", width=width, lines="24")
    assert len(lines) < 24
    assert max(map(cell_len, lines)) <= int(width)
    assert "row 11, column 11: head 11.11" in " ".join(lines)
    rows = [line.split() for line in lines if re.match(r" *\d+ +[pfs=i]?\.\d\d ", line)]
    assert [(int(row[0]), len(row)) for row in rows] == [(layer, 13) for layer in range(12)]


@pytest.mark.parametrize("score", ["pattern", "previous", "first", "self", "entropy"])
def test_an_overview_holds_the_scores_of_the_heads(attn: Run, score: str) -> None:
    options = () if score == "pattern" else ("--score", score)
    shown = document(attn, "map", SENTENCE, "--overview", *options, name="overview")
    heads = [head for section in document(attn, "map", SENTENCE)["sections"] for head in section["maps"]]
    (section,) = shown["sections"]
    assert shown["score"] == score
    for head, one in zip(section["heads"], heads, strict=True):
        assert head["scores"] == one["scores"]
        assert (head["layer"], head["head"], head["mark"]) == (one["layer"], one["head"], one["mark"])
        name = head["pattern"] or "entropy"
        assert head["value"] == one["scores"][name]
        if score == "pattern":
            known = [v for k, v in one["scores"].items() if k != "entropy" and v is not None]
            assert name == one["mark"] or (one["mark"] is None and head["value"] == max(known))


def test_an_overview_marks_the_heads_that_follow_a_pattern(attn: Run) -> None:
    text = text_of(attn("map", "the cat sat on the mat", *T5, "--overview"))
    assert "encoder.layers.*.attn.weights" in text
    assert "decoder.layers.*.attn.weights" in text
    assert "cross" not in text
    assert re.search(r"^2 +.*f\.84.*p\.68$", text, re.MULTILINE)
    assert re.search(r"^p previous +2\.2 0\.68 +attends to the previous token$", text, re.MULTILINE)


def test_an_overview_in_python_is_that_of_the_command(attn: Run) -> None:
    (section,) = document(attn, "map", SENTENCE, "--overview", name="overview")["sections"]
    (shown,) = attncli.overview(attncli.maps(SENTENCE))
    assert [head.value for head in shown.heads] == [head["value"] for head in section["heads"]]
    with pytest.raises(attncli.UsageError, match="give one of pattern"):
        attncli.overview((), "nonsense")
