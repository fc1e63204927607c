"""Pages as pictures: every block on one sheet, nothing cut, nothing covered, numbers where they belong."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attncli.render.page.blocks import Heading, Markdown, Matrix, Note, Subject, TokenLine
from attncli.render.page.colors import scale
from attncli.render.page.figures import Axis, BarChart, Bars, Column, Curve, Items, Plot, Table
from attncli.render.page.formats import write
from attncli.render.page.levels import STEPS
from attncli.render.page.maps import HeadMap, HeadMaps, Side
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.picture_style import PLAIN, PictureStyle, size_of
from attncli.render.pictures.drawing import FONT, LINE, Drawing, look_of, span_lines, wrapped
from attncli.render.pictures.layout import layout
from attncli.text.tokens import Tokens
from tests.support import toy_view
from tests.support.drawings import assert_apart, assert_within

SVG = "{http://www.w3.org/2000/svg}"
OPTIONS = Options()
JAPANESE = ["猫", "が", "マットの上に", "座った", "。"]
names = st.sampled_from(["a", "␣cat", *JAPANESE, "x" * 40, "é", "長い長い長い長い名前のトークン"])


def drawn(*blocks: Block, **options: Any) -> Drawing:
    return layout(blocks, Options(**options))


def texts(sheet: Drawing) -> list[str]:
    return [words.text for words in sheet.words]


def written(name: str, *blocks: Block, picture: PictureStyle = PLAIN) -> bytes:
    output = io.BytesIO()
    write(name, Page("title", {}, sections=[Section(lambda: blocks)]), output, replace(OPTIONS, picture=picture))
    return output.getvalue()


def matrix(rows: int, columns: int, weights: bool = False, words: bool = False) -> Matrix:
    values = np.random.default_rng(0).normal(size=(rows, columns))
    if weights:
        values = np.exp(values) / np.exp(values).sum(axis=-1, keepdims=True)
    told = [[f" w{r}.{c}" for c in range(columns)] for r in range(rows)] if words else None
    labels = [f"r{r}" for r in range(rows)], [f"c{c}" for c in range(columns)]
    return Matrix("a matrix", f"[{rows} × {columns}]", values, *labels, told, weights)


# ------------------------------------------------------------------ every block


def test_every_block_lies_within_the_sheet_and_no_text_on_another() -> None:
    sheet = drawn(Subject("toy", ["a fact"], "family", toy_view.TOKENS), *toy_view.blocks())
    assert_within(sheet)
    assert_apart(sheet)


@settings(max_examples=40, deadline=None)
@given(st.lists(names, min_size=1, max_size=40), st.integers(1, 12), st.booleans())
def test_whatever_the_labels_nothing_is_cut_or_covered(labels: list[str], columns: int, weights: bool) -> None:
    values = np.linspace(0, 1, len(labels) * columns).reshape(len(labels), columns)
    heads = [labels[c % len(labels)] for c in range(columns)]
    tokens = Tokens(tuple(range(len(labels))), tuple(labels), (None,) * len(labels), (0,) * len(labels))
    side = Side("query", tuple(range(len(labels))), labels)
    maps = HeadMaps(
        "name", "[shape]", side, side, (HeadMap("0.0", "title", np.eye(len(labels))),), (0.0, 1.0), False
    )
    sheet = drawn(
        Subject(labels[0], labels[:5], labels[-1], tokens),
        Matrix("title", "", values, labels, heads, weights=weights),
        Matrix("title", "", values, labels, heads, words=[heads] * len(labels)),
        Table([Column("token", labels, "label"), Column("n", ["1.5"] * len(labels)), Column("", labels, "words")]),
        BarChart([Column("token", labels)], np.linspace(-1, 1, len(labels)).tolist()),
        Items(labels, lambda count, tight: [[[(label, "red")] for label in labels]] * len(labels), 4),
        TokenLine(tokens, "side"),
        maps,
    )
    assert_within(sheet)
    assert_apart(sheet)


def test_long_text_is_broken_into_lines_between_words() -> None:
    text = "attention is all you need " * 30
    sheet = drawn(Heading(text, text), Note(text))
    assert max(map(len, texts(sheet))) <= LINE
    assert " ".join(texts(sheet)).split() == (text * 3).split()
    assert_within(sheet)


@given(st.text("ab 猫、", max_size=60), st.integers(2, 20))
def test_wrapped_text_keeps_every_character(text: str, width: int) -> None:
    kept = "".join("".join(wrapped(text, width)).split())
    assert kept == "".join(text.split())
    spans = span_lines([(text, look_of("red")), (text, look_of("bold"))], width)
    assert "".join("".join(part for line in spans for part, _ in line).split()) == "".join((text * 2).split())


# ------------------------------------------------------------------ matrices


def test_a_small_matrix_is_a_table_with_every_number() -> None:
    small = matrix(5, 4)
    sheet = drawn(small)
    assert not sheet.cells
    for row in range(5):
        for column in range(4):
            assert texts(sheet).count(small.cell(row, column, 4)) >= 1


def test_a_large_matrix_is_a_heatmap_with_labels_and_a_scale() -> None:
    sheet = drawn(matrix(20, 30))
    heatmap, bar = sheet.cells
    assert heatmap.levels.shape == (20, 30)
    assert bar.levels.shape == (1, STEPS)
    assert {"r0", "r19", "c0"} <= set(texts(sheet))
    assert heatmap.signed
    assert "0" in texts(sheet)  # in the middle of the scale


def test_small_attention_weights_are_a_heatmap_with_their_numbers() -> None:
    weights = matrix(4, 4, weights=True)
    sheet = drawn(weights, precision=3)
    assert sheet.cells[0].levels.shape == (4, 4)
    for row in range(4):
        for column in range(4):
            assert weights.cell(row, column, 3) in texts(sheet)


def test_numbers_can_be_read_on_the_color_of_their_cell() -> None:
    sheet = drawn(Matrix("w", "", np.array([[1.0, 0.0]]), ["r"], ["a", "b"], weights=True))
    colors = {words.text: words.look.color for words in sheet.words if words.size < FONT}
    assert scale(STEPS, False)[-1].mean() > 128 > scale(STEPS, False)[0].mean()
    assert (colors["1.0000"], colors["0"]) == ("#000000", "#ffffff")


def test_a_matrix_of_words_is_a_table_however_large_and_says_what_it_leaves_out() -> None:
    large = matrix(40, 20, words=True)
    sheet = drawn(large)
    assert not sheet.cells
    assert "⋮ 10" in texts(sheet)
    assert "⋯ 8 more" in texts(sheet)
    assert large.cell(39, 19, 4) in texts(sheet)
    assert large.cell(20, 10, 4) in texts(drawn(large, full=True))


def test_a_huge_matrix_is_pooled_and_says_so() -> None:
    huge = matrix(700, 1000)
    sheet = drawn(huge)
    assert max(sheet.cells[0].levels.shape) <= 400
    assert any(text.startswith("pooled: each cell is") for text in texts(sheet))
    assert sheet.width < 1200
    assert drawn(huge, full=True).cells[0].levels.shape == (700, 1000)


def test_masked_keys_are_hatched_and_nan_is_told_apart() -> None:
    values = np.where(np.tri(16, dtype=bool), 1.0, -np.inf)
    values[3, 0] = np.nan
    sheet = drawn(Matrix("m", "", values, ["r"] * 16, ["c"] * 16))
    assert any("hatched: masked" in text for text in texts(sheet))
    assert "magenta with a cross: not a number (NaN)" in texts(sheet)
    picture = written("svg", Matrix("m", "", values, ["r"] * 16, ["c"] * 16))
    assert picture.count(b"url(#hatch)") == picture.count(b"url(#nan)") == 1
    only_nan = np.where(np.isnan(values), values, 1.0)
    assert b"url(#hatch)" not in written("svg", Matrix("m", "", only_nan, ["r"] * 16, ["c"] * 16))


# ------------------------------------------------------------------ tables, bars, curves


def test_bars_are_as_long_as_their_numbers_are_large() -> None:
    rows = ["a", "b", "c", "d"]
    sheet = drawn(Table([Column("", rows, "label")], Bars([1.0, -0.5, None, 0.25], signed=True)))
    assert [box.width for box in sheet.boxes] == pytest.approx([160, 80, 40])
    assert {"+", "−"} <= set(texts(sheet))
    chart = drawn(BarChart([Column("n", rows)], [2.0, -1.0, 0.0, 1.0]))
    starts = [box.x for box in chart.boxes]
    assert starts[0] == starts[2] == starts[3]
    assert chart.boxes[1].x + chart.boxes[1].width == pytest.approx(starts[0])


def test_sums_stand_below_a_line_and_a_strong_row_is_bold() -> None:
    sheet = drawn(Table([Column("key", ["a", "b", "sum"], "label")], totals=1, strong=1))
    heights = {words.text: words.y for words in sheet.words}
    below_title, above_sum = (line.points[0][1] for line in sheet.lines)
    assert heights["key"] < below_title < heights["a"] < heights["b"] < above_sum < heights["sum"]
    assert [words.text for words in sheet.words if words.look.bold] == ["b"]


def curves(logarithmic: bool) -> Plot:
    x = np.array([1.0, 10.0, 100.0, 1000.0])
    axis = Axis("size", lambda v: f"{v:g}", True, [(1.0, "1"), (100.0, "100"), (1000.0, "1000")])
    both = [
        Curve("flat", "F", "cyan", x, np.full(4, 2.0)),
        Curve("steep", "S", "red", x, np.array([0.1, 1, np.nan, 100])),
    ]
    return Plot(both, axis, Axis("seconds", lambda v: f"{v:g} s", logarithmic), "seconds by size")


@pytest.mark.parametrize("logarithmic", [True, False])
def test_curves_are_lines_over_axes_with_ticks_and_a_legend(logarithmic: bool) -> None:
    sheet = drawn(curves(logarithmic))
    flat, steep = (line for line in sheet.lines if line.width == 2 and len(line.points) > 2)
    assert len({y for _, y in flat.points}) == 1
    assert len(steep.points) == 3  # NaN is left out
    assert [y for _, y in steep.points] == sorted((y for _, y in steep.points), reverse=True)
    gaps = np.diff([x for x, _ in flat.points])
    np.testing.assert_allclose(gaps, gaps[0])  # the axis is logarithmic
    for wanted in ("1", "100", "1000", "size", "seconds", "flat", "steep", "seconds by size", "F", "S"):
        assert wanted in texts(sheet)
    assert sum(text.endswith(" s") for text in texts(sheet)) >= 3
    assert_within(sheet)
    assert_apart(sheet)


def test_the_letters_of_curves_that_end_together_do_not_cover_each_other() -> None:
    x, axis = np.arange(3.0), Axis("x", str)
    same = [Curve(f"c{i}", "ABC"[i], "cyan", x[:: (-1) ** i], np.ones(3)) for i in range(3)]
    assert_apart(drawn(Plot(same, axis, axis)))


TABLE = "| n | word |\n|---|---|\n| 1.5 | cat |\n\n<!-- hidden -->\n"


def test_markdown_is_laid_out() -> None:
    text = "# Title\n\nSome **bold** `code`.\n\n- item\n\n" + TABLE
    sheet = drawn(Markdown(text))
    assert {"Title", "bold", "code", "1.5", "cat", "word"} <= set(texts(sheet))
    assert not any("hidden" in text or "|" in text for text in texts(sheet))
    assert {words.text for words in sheet.words if words.look.bold} == {"Title", "bold"}


# ------------------------------------------------------------------ files


HOSTILE = '</text><script>alert("1")</script> & ]]> \x1b[31m\x00\u202e\ud800'


def test_text_is_data_in_svg() -> None:
    side = Side("query", (0,), [HOSTILE])
    found = written(
        "svg",
        Subject(HOSTILE, [HOSTILE], HOSTILE),
        Note(HOSTILE),
        Table([Column(HOSTILE, [HOSTILE], "label")]),
        Matrix(HOSTILE, "", np.eye(1), [HOSTILE], [HOSTILE], weights=True),
        HeadMaps(HOSTILE, "", side, side, (HeadMap("0.0", HOSTILE, np.eye(1)),), (0.0, 1.0), False),
    )
    root = ElementTree.fromstring(found)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "defs", "pattern", "rect", "path", "g", "text", "polyline"}
    assert not any(char in found.decode() for char in "\x1b\x00\u202e")
    assert any("alert" in (text.text or "") for text in root.iter(SVG + "text"))


def maps_block(count: int, tokens: int = 4) -> HeadMaps:
    values = np.where(np.tri(tokens, dtype=bool), np.arange(tokens * tokens).reshape(tokens, tokens) / 16, -np.inf)
    values[2, 1] = np.nan
    side = Side("query", range(tokens), [f"word{i}" for i in range(tokens)])
    heads = tuple(HeadMap(f"0.{i}", "weights", values, row=0) for i in range(count))
    return HeadMaps("weights", "", side, side, heads, (0.0, 1.0), False)


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("size", [None, "85mm", "170mm"])
def test_maps_have_tokens_along_both_sides_and_a_scale_with_numbers(count: int, size: str | None) -> None:
    style = PictureStyle(size_of(size) if size else None)
    sheet = layout([maps_block(count)], Options(picture=style))
    for token in (f"{i} word{i}" for i in range(4)):
        turned = [words.turned for words in sheet.words if words.text == token]
        assert False in turned
        assert True in turned
    assert {"0", "0.5", "1"} <= set(texts(sheet))
    assert_within(sheet)


@pytest.mark.parametrize("asked", ["85mm", "85x60mm", "3.5in", "800x600px", "12cm"])
def test_a_picture_has_the_size_that_is_asked_for(asked: str) -> None:
    pytest.importorskip("matplotlib")
    size = size_of(asked)
    assert size is not None
    blocks = (maps_block(1), Note("word " * 50))
    style = PictureStyle(size)
    root = ElementTree.fromstring(written("svg", *blocks, picture=style))
    assert root.get("width") == f"{size.width:g}{size.unit}"
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    width, height = size.inches
    if size.height is not None:
        assert root.get("height") == f"{size.height:g}{size.unit}"
    expected = width * high / wide if height is None else height
    pixels = struct.unpack(">II", written("png", *blocks, picture=style)[16:24])
    sharp = 96 if size.unit == "px" else 300
    assert pixels == pytest.approx((sharp * width, sharp * expected), rel=0.01)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", written("pdf", *blocks, picture=style))
    assert box is not None
    assert (float(box[1]), float(box[2])) == pytest.approx((72 * width, 72 * expected), rel=0.01)
    letters = 12 * width / wide  # inches: a picture for a column is laid out for it, and not made tiny
    assert height is not None or letters > 0.08


def test_words_that_are_no_size_are_refused() -> None:
    for text in ("", "85", "0mm", "85x", "85 x 60", "1e5mm", "-5mm", "85x60x5mm", "9999in", "1px"):
        assert size_of(text) is None, text


def test_a_title_stands_above_everything() -> None:
    found = written("svg", Note("note"), picture=PictureStyle(title="My <figure>"))
    words = [text.text for text in ElementTree.fromstring(found).iter(SVG + "text")]
    assert words == ["My <figure>", "note"]


@pytest.mark.parametrize("name", ["viridis", "gray", "bluered"])
def test_colors_can_be_chosen(name: str) -> None:
    r, g, b = scale(STEPS, False, name)[0]
    fills = [path.get("fill") for path in ElementTree.fromstring(
        written("svg", maps_block(1), picture=PictureStyle(colors=name))).iter(SVG + "path")]  # fmt: skip
    assert f"#{r:02x}{g:02x}{b:02x}" in fills


def test_a_pdf_has_letters_and_lines_and_its_fonts_and_the_same_bytes_each_time() -> None:
    pytest.importorskip("matplotlib")
    data = written("pdf", Heading("Überschrift"), maps_block(1), curves(True))
    assert data.startswith(b"%PDF-")
    assert b"/FontFile2" in data
    assert b"/Subtype /Type3" not in data
    assert b"/Subtype /Image" not in data
    assert b"(title)" in data
    assert data == written("pdf", Heading("Überschrift"), maps_block(1), curves(True))


def test_a_png_is_as_large_as_its_sheet_twice_over() -> None:
    pytest.importorskip("matplotlib")
    sheet = drawn(matrix(5, 4), curves(True))
    data = written("png", matrix(5, 4), curves(True))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == pytest.approx((2 * sheet.width, 2 * sheet.height), abs=2)
