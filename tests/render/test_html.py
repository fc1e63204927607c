"""Pages as HTML: one document that loads nothing, whose tables hold the numbers and whose texts are data."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from attncli.language import language
from attncli.render.page.blocks import Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.figures import BarChart, Column, Table
from attncli.render.page.formats import write
from attncli.render.page.maps import HeadMap, HeadMaps, Side
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.picture_style import PictureStyle
from attncli.text.tokens import Tokens
from tests.support import toy_view

VOID = {"meta", "br", "img", "hr"}


class Document(HTMLParser):
    """The cells of the tables, the texts outside scripts, the scripts, and the tags, which must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.cells: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")
        if tag == "td" and "thead" not in self.open:
            self.cells.append(("", dict(attributes)))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            self.scripts[-1] += data
            return
        self.texts.append(data)
        if "td" in self.open:
            text, attributes = self.cells[-1]
            self.cells[-1] = text + data, attributes


def document(*blocks: Block, title: str = "title", **options: object) -> Document:
    output = io.BytesIO()
    page = Page(title, {}, sections=[Section(lambda: blocks)])
    write("html", page, output, Options(**options))  # type: ignore[arg-type]
    return Document(output.getvalue().decode())


def maps(name: str = "cat", values: np.ndarray | None = None) -> HeadMaps:
    side = Side("query", (0, 1), [name, "b"])
    shown = np.array([[1.0, -np.inf], [0.123456, 0.5]]) if values is None else values
    return HeadMaps("weights", "[2 × 2]", side, side, (HeadMap("0.0", name, shown),), (0.0, 1.0), False)


def test_every_block_is_there_and_every_tag_is_closed() -> None:
    found = document(Subject("toy model", ["a fact"], "family", toy_view.TOKENS), *toy_view.blocks())
    whole = " ".join(found.texts)
    for wanted in (*toy_view.TEXTS, "toy model", "a fact", "T = O Y", "0.7500", "-1.5000", "time by n"):
        assert wanted in whole, wanted
    assert {"h1", "h2", "table", "svg", "dl", "polyline"} <= {tag for tag, _ in found.tags}


def test_it_loads_nothing() -> None:
    card = Markdown(
        "A ![picture](loss.svg) and a [link](docs/x.md).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n<!-- x -->\n"
    )
    found = document(card, maps(), *toy_view.blocks())
    assert not any("src" in attributes for _, attributes in found.tags)
    assert not any(tag in ("link", "img", "iframe", "object") for tag, _ in found.tags)
    assert "picture" in found.texts
    assert ("1", {}) in [(text, attributes) for text, attributes in found.cells]
    assert not any("<!--" in text for text in found.texts)


def test_a_matrix_is_a_table_whose_cells_tell_the_exact_number() -> None:
    values = np.array([[0.1234567, -2.0], [0.0, -np.inf]], np.float32)
    found = document(Matrix("m", "[2 × 2]", values, ["r0", "r1"], ["c0", "c1"]))
    assert [text for text, _ in found.cells] == ["0.1235", "-2.0000", "0", "-inf"]
    assert [attributes["title"] for _, attributes in found.cells] == [
        "r0, c0: 0.1234567", "r0, c1: -2.0", "r1, c0: 0.0", "r1, c1: -inf (masked)",
    ]  # fmt: skip
    shades = [re.findall(r"[\d.]+", attributes.get("style") or "") for _, attributes in found.cells]
    assert shades[2:] == [[], []]
    assert float(shades[0][-1]) < float(shades[1][-1])  # as strong as the number is large
    assert shades[0][0] < shades[1][0]  # and red below zero


def test_weights_have_the_sum_of_each_row_and_the_largest_in_bold() -> None:
    found = document(Matrix("w", "", np.array([[0.75, 0.25], [0.5, 0.5]]), ["a", "b"], ["a", "b"], weights=True))
    assert [text for text, _ in found.cells] == ["0.7500", "0.2500", "1.0000", "0.5000", "0.5000", "1.0000"]
    assert [attributes.get("class") == "bold" for _, attributes in found.cells][:2] == [True, False]


def test_words_of_a_matrix_stand_before_its_numbers() -> None:
    found = document(Matrix("p", "", np.array([[0.5]]), ["r"], ["#1"], words=[[" cat<b>"]]))
    assert [text for text, _ in found.cells] == ["␣cat<b> 0.5000"]


def test_a_huge_matrix_is_a_picture_unless_everything_is_asked_for() -> None:
    huge = Matrix("m", "", np.zeros((200, 200)), ["r"] * 200, ["c"] * 200)
    assert not document(huge).cells
    assert len(document(huge, full=True).cells) == 40_000


def test_bars_are_boxes_with_the_zero_line_between_the_signs() -> None:
    found = document(BarChart([Column("n", ["a", "b"])], [3.0, -1.0]))
    styles = [attributes["style"] for tag, attributes in found.tags if tag == "i"]
    assert styles == ["margin-left:25.00%;width:75.00%", "margin-left:0.00%;width:25.00%"]


def test_maps_hold_their_numbers_for_the_pointer() -> None:
    found = document(maps(), maps("other"))
    data, program = found.scripts
    held = json.loads(data)
    assert [head["section"] for head in held["maps"]] == [0, 1]
    assert held["maps"][0]["values"] == [[1.0, None], [0.1235, 0.5]]
    assert held["sections"][0]["rows"] == ["query 0 cat", "query 1 b"]
    assert held["sections"][0]["column_labels"] == ["0 cat", "1 b"]
    assert "JSON.parse" in program
    figures = [attributes for tag, attributes in found.tags if tag == "figure"]
    assert figures == [{"class": "maps"}] * 2
    pictures = [attributes["aria-label"] for _, attributes in found.tags if attributes.get("class") == "cells"]
    assert pictures == [f"{name} [2 × 2], largest: 1, query 0 {name}, query 0 {name}" for name in ("cat", "other")]


def test_masked_and_not_a_number_are_held_apart() -> None:
    values = np.array([[np.nan, -np.inf], [np.inf, 0.0]])
    held = json.loads(document(maps(values=values)).scripts[0])
    assert held["maps"][0]["values"] == [["nan", None], ["inf", 0.0]]
    assert held["words"]["masked"] != held["words"]["nan"]


def test_a_page_without_maps_has_no_script() -> None:
    assert document(Prose("text")).scripts == []


HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(2)> & \x1b[31m\x00\u202e'


@pytest.mark.parametrize("with_maps", [True, False])
def test_text_is_data(with_maps: bool) -> None:
    tokens = Tokens((1,), (HOSTILE,), (None,), (0,))
    blocks: list[Block] = [
        Subject(HOSTILE, [HOSTILE], HOSTILE, tokens),
        TokenLine(tokens, HOSTILE),
        Note(HOSTILE),
        Table([Column(HOSTILE, [HOSTILE], "label")]),
        Matrix(HOSTILE, HOSTILE, np.eye(1), [HOSTILE], [HOSTILE], words=[[HOSTILE]]),
        Markdown(HOSTILE),
    ]
    found = document(*blocks, *([maps(HOSTILE)] if with_maps else []), title=HOSTILE)
    assert len(found.scripts) == 2 * with_maps
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in found.tags)
    everything = "".join([*found.texts, *found.scripts, *(str(a) for _, a in found.tags)])
    assert not any(char in everything for char in "\x1b\x00\u202e")
    if with_maps:
        assert "alert" not in found.scripts[1]
        assert json.loads(found.scripts[0])["maps"][0]["title"].startswith('</script><script>alert("1")')


def test_captions_are_in_the_language_that_is_asked_for() -> None:
    found = document(TokenLine(toy_view.TOKENS), say=language("ja"))
    assert any("トークン" in text for text in found.texts)
    assert ("html", {"lang": "ja"}) in found.tags
    assert ("html", {"lang": "en"}) in document().tags


def test_the_title_is_the_heading_and_a_long_one_is_cut() -> None:
    found = document(title="word " * 1000)
    assert sum(text.startswith("word word") and len(text) <= 100 for text in found.texts) == 2  # <title> and <h1>
    assert "mine" in document(picture=PictureStyle(title="mine")).texts


def test_colors_of_maps_can_be_chosen() -> None:
    fills = [
        attributes.get("fill") for _, attributes in document(maps(), picture=PictureStyle(colors="gray")).tags
    ]
    assert "#161616" in fills
