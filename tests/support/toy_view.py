"""A view that is one file: a page with one of every block, and data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.figures import Axis, BarChart, Bars, Column, Curve, Item, Items, Plot, Table
from attncli.render.page.maps import HeadMap, HeadMaps, Side
from attncli.render.page.page import Arrays, Block, Page, Record, Section
from attncli.text.tokens import Tokens

TOKENS = Tokens((5, 9), ("Toy", " cat"), ((0, 3), (3, 7)), (0, 0))
NUMBERS = np.array([[0.25, 0.75], [-1.5, 0.0]])
TEXTS = ("toy heading", "toy prose", "toy note", "toy meaning", "toy label", "toy words")
"""Texts that a person must find on the page, whatever the medium."""


def page() -> Page:
    return Page(
        title="toy title",
        head={"schema": "attn.toy/1", "toy": True},
        items="toys",
        opening=lambda: [Subject("toy model", ["two facts"], "toy family", TOKENS)],
        sections=[Section(blocks, ToyData())],
    )


@dataclass(frozen=True)
class ToyData:
    def objects(self) -> list[Record]:
        return [{"name": "toy", "values": NUMBERS}]

    def rows(self) -> list[Record]:
        return [
            {"row": row, "column": column, "value": NUMBERS[row, column]} for row in (0, 1) for column in (0, 1)
        ]

    def arrays(self) -> Arrays:
        return {"toy": NUMBERS}

    def facts(self) -> list[Record]:
        return [{"name": "toy"}]


def blocks() -> Iterator[Block]:
    side, labels = Side("query", (0, 1), ("Toy", "␣cat")), ("toy label", "sum")
    yield Heading("toy heading", "about it")
    yield Formula("T = O Y", "toy meaning", "toy detail", "toy.stage")
    yield TokenLine(TOKENS, "side")
    yield Matrix("toy title", "[2 × 2]", NUMBERS, ("row 0", "row 1"), ("column 0", "column 1"))
    numbers = [Column("", labels, "label"), Column("n", ("0.2500", "0.7500"))]
    yield Table(numbers, Bars((0.25, 0.75)), totals=1, strong=0)
    yield Table(
        [Column("name", labels, "label"), Column("text", ("toy words", "more words"), "words")], header=False
    )
    yield Items(["toy label"], lambda count, tight: [_items(count)], least=2)
    yield BarChart([Column("distance", ("0", "1")), Column("mean", ("1.0000", "-0.5000"))], [1.0, -0.5])
    curve = Curve("toy", "T", "cyan", np.array([1.0, 2.0, 4.0]), np.array([1e-3, 1e-2, 1e-1]))
    yield Plot(
        [curve], Axis("n", lambda x: f"{x:g}"), Axis("time", lambda y: f"{y:g}", logarithmic=True), "time by n"
    )
    maps = (
        HeadMap("0.0", "toy.weights", NUMBERS, row=0),
        HeadMap("0.1", "toy.weights", -NUMBERS, "previous", row=0),
    )
    yield HeadMaps("toy.weights", "[query 2 × key 2]", side, side, maps, (-1.5, 1.5), True, "A", "toy meaning")
    yield HeadMaps("toy.weights", "[query 2 × key 2]", side, side, maps[:1], (-1.5, 1.5), True, "A", "toy meaning")
    yield Prose("toy prose", quiet=True)
    yield Markdown("Some *toy* text.\n")
    yield Note("toy note")


def _items(count: int) -> list[Item]:
    return [[(f"{index}", "dim"), (f" {number:.4f}", None)] for index, number in enumerate((0.25, 0.75))][:count]
