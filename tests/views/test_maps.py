"""The page of maps: data for programs, blocks for people."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attncli.formula.pooling import Side
from attncli.insights.head_scores import Scores
from attncli.insights.maps import HeadMatrix, MapSection
from attncli.insights.patterns import PATTERNS
from attncli.language import ENGLISH
from attncli.render.page.formats import open_writer
from attncli.render.page.levels import levels
from attncli.render.page.page import Options
from attncli.render.terminal.ink import enlarged, ink, painted
from attncli.render.terminal.map_grid import grid_of
from attncli.tracing.trace import Trace
from attncli.views.maps import head_maps, page, pooled_by, section

CODES = re.compile("\x1b\\[[0-9;]*m")


def maps(heads: int = 2, size: int = 4, step: int = 1) -> MapSection:
    cells = -(-size // step)
    side = Side("query", tuple(range(size)), [f" t{i}" for i in range(size)], step)
    values = np.where(np.tri(cells, dtype=bool), np.random.default_rng(0).random((heads, cells, cells)), -np.inf)
    scores = Scores(dict.fromkeys(PATTERNS, 0.25) | {"same": np.nan, "first": 0.9}, 1.5, "first")
    return MapSection(
        "layers.*.attn.weights",
        side,
        Side("key", side.indices, side.names, step),
        tuple(HeadMatrix("layers.3.attn.weights", values[head], 3, head, scores) for head in range(heads)),
        "A = softmax(M)",
        "attention weights",
    )


def written(name: str, drawn: MapSection) -> bytes:
    output = io.BytesIO()
    options = Options(width=80)
    writer = open_writer(name, page(Trace(schema="attn.map/1"), [drawn], "layer", options), output, options)
    writer.section(section(drawn, "layer"))
    writer.close()
    return output.getvalue()


def test_csv_has_a_row_for_each_cell_named_by_its_first_line() -> None:
    drawn = maps(step=2)
    rows = list(csv.DictReader(io.StringIO(written("csv", drawn).decode())))
    assert list(rows[0]) == ["stage", "layer", "head", "query", "query_token", "key", "key_token", "value"]
    assert [(row["head"], row["query"], row["key"]) for row in rows[:4]] == [
        ("0", "0", "0"), ("0", "0", "2"), ("0", "2", "0"), ("0", "2", "2"),
    ]  # fmt: skip
    assert rows[1]["key_token"] == " t2"
    values = np.array([float(row["value"]) for row in rows]).reshape(2, 2, 2)
    np.testing.assert_array_equal(values, [head.values for head in drawn.maps])


def test_encodings_have_no_tokens_and_two_axes_of_one_name_stay_apart() -> None:
    side = Side("position", (3, 5))
    drawn = MapSection("pe.products", side, side, (HeadMatrix("pe.products", np.eye(2)),))
    rows = list(csv.DictReader(io.StringIO(written("csv", drawn).decode())))
    assert [(row["position"], row["other_position"], row["value"]) for row in rows][:2] == [
        ("3", "3", "1.0"), ("3", "5", "0.0"),
    ]  # fmt: skip


def test_files_of_arrays_have_the_heads_of_a_stage_in_one_array() -> None:
    drawn = maps()
    with np.load(io.BytesIO(written("npz", drawn))) as archive:
        np.testing.assert_array_equal(archive["layers.3.attn.weights"], [head.values for head in drawn.maps])
        (facts,) = json.loads(str(archive["attn"]))["sections"]
    assert [(head["layer"], head["head"], head["mark"]) for head in facts["maps"]] == [
        (3, 0, "first"), (3, 1, "first"),
    ]  # fmt: skip
    assert "values" not in facts["maps"][0]


def test_ndjson_has_a_section_a_line() -> None:
    head, line = map(json.loads, written("ndjson", maps()).splitlines())
    assert head["sort"] == "layer"
    assert line["maps"][1]["values"][0][1:] == [None] * 3


def test_markdown_lists_the_heads_with_their_scores_and_a_small_map_whole() -> None:
    many = written("md", maps()).decode()
    assert "| 3.0 | first | 0.2500 | 0.9000 | 0.2500 |  | 0.2500 | 1.5000 |" in many
    assert "A head is labelled when those tokens get at least 25 %" in many
    single = maps(heads=1)
    text = written("md", single).decode()
    assert f"{single.maps[0].values[3, 2]:.4f}" in text
    assert "attends to the first token" in text
    large = written("md", maps(heads=1, size=40)).decode()
    assert "| 3.0 | first |" in large


def test_a_medium_pools_the_sides_and_nothing_else() -> None:
    drawn = maps(size=100)
    pooled = pooled_by(drawn, "layer", lambda block: block.on_paper())
    assert (pooled.rows.step, pooled.columns.step) == (2, 2)
    assert pooled.maps is drawn.maps
    assert pooled.rows.names == drawn.rows.names  # the tokens as they are, not as they are shown


@pytest.mark.parametrize("system", ["truecolor", None])
@pytest.mark.parametrize("size", [3, 12, 30])
def test_maps_side_by_side_are_painted_as_each_would_be_alone(system: Any, size: int) -> None:
    """The maps of a row are painted at once; here each is painted for itself."""
    pen = ink(system, True, False)
    block = head_maps(maps(heads=3, size=size), "layer")
    grid = grid_of(block, 130, pen, full=True)
    together = [CODES.sub("", line) for line in grid.lines(block, pen, ENGLISH)][1:]

    for place, head in enumerate(block.maps):
        cells = levels(head.values, block.limits, pen.steps)
        cells = cells if grid.half else enlarged(cells, grid.high, grid.wide)
        alone = [CODES.sub("", line) for line in painted(cells, replace(pen, half=grid.half))]
        wide = len(alone[0])
        slot = max(wide, len("3.0 first")) + 2
        assert [line.ljust(400)[place * slot : place * slot + wide] for line in together] == alone
