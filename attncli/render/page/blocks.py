"""The blocks that pages are made of. A view builds them; each medium knows how to show each of them.

The medium translates text that is marked for it (`N_`). The view makes text of users and checkpoints visible
(`text.visible`); a medium shows it as it is, and escapes what has a meaning in its own syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array
from attncli.render.page.numbers import number
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

Span = tuple[str, str | None]
"""A piece of text, and its style."""

QUIET, STRONG = "dim", "bold"


@dataclass(frozen=True, eq=False)
class Subject:
    """What the page is about: its name (a model's, mostly), facts about it, and the tokens it reads. `source`:
    where a model comes from; empty if there is no model. `target`: the tokens that a decoder reads beside an
    encoder's. `tokens` None: the page shows them elsewhere."""

    name: str
    facts: Sequence[str] = ()
    source: str = ""
    tokens: Tokens | None = None
    target: Tokens | None = None


@dataclass(frozen=True, eq=False)
class Heading:
    """A title, and a line about it."""

    text: str
    about: str = ""


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula, what it means, and a detail. `name`: the stage that it computes, a heading where there is room
    for one."""

    formula: str
    meaning: str = ""
    detail: str = ""
    name: str = ""


@dataclass(frozen=True, eq=False)
class TokenLine:
    """Tokens in a line, each with its index. `side` says whose they are."""

    tokens: Tokens
    side: str = ""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of numbers with labelled rows and columns. `values` [row, column]; `words`, if given, are shown
    before the numbers. `weights`: rows sum to one, and the largest number of a row stands out. `title` names it,
    `shape` says its axes and their sizes. `importance(rows)` [column]: how much each column matters to these rows;
    where not all fit, the most important ones stay. None: the first and the last ones stay."""

    title: str
    shape: str
    values: Array
    rows: Sequence[str]
    columns: Sequence[str]
    words: Sequence[Sequence[str]] | None = None
    weights: bool = False
    importance: Callable[[Sequence[int]], Array] | None = None

    def cell(self, row: int, column: int, precision: int) -> str:
        """A number as text, after its word if it has one."""
        text = number(float(self.values[row, column]), precision)
        return text if self.words is None else f"{visible(self.words[row][column])} {text}"

    def row_sums(self, rows: Sequence[int], precision: int) -> list[str] | None:
        """The sums of some rows of attention weights, including weights that are not shown; None for other
        matrices."""
        if not self.weights:
            return None
        return [number(float(total), precision) for total in np.sum(self.values[list(rows)], axis=-1)]


@dataclass(frozen=True, eq=False)
class Prose:
    """A paragraph of running text; `quiet` if it is less important than the text above it."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Markdown:
    """attn's own running text, written in Markdown."""

    text: str


@dataclass(frozen=True, eq=False)
class Note:
    """A remark below what it is about. `once`: a page needs it only where it comes first."""

    text: str
    once: bool = False
