"""The labels along the two sides of a map: of its rows beside them, of its columns above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attncli.formula.pooling import Side
from attncli.render.page.cells import cell_len, clusters, fit

Form: TypeAlias = Literal["upright", "folded", "vertical", "ticks"]
"""How the columns are labelled: each text in a line, with a space after it; folded into a few lines; a character a
line; or the indices of some columns."""
FORMS: tuple[Form, ...] = ("upright", "folded", "vertical", "ticks")
"""From the one that reads best to the one that always fits."""
FOLDED_HEIGHT, VERTICAL_HEIGHT = 3, 12
NARROWEST: dict[Form, int] = {"upright": 2, "folded": 4, "vertical": 3, "ticks": 1}
"""How wide a column must be: in a narrower one, labels run into each other."""


def texts_of(side: Side) -> list[str]:
    """The text of each cell along a side: the name of its line, or the index of its first line."""
    if side.names is None or side.step > 1:
        return [str(side.indices[block[0]]) for block in side.blocks]
    return list(side.names)


def beside(side: Side, width: int) -> list[str]:
    """The labels of the rows: the index and the name of each; the index of the first of those that are pooled."""
    digits = len(str(max(side.indices)))
    indices = [f"{side.indices[block[0]]:>{digits}}" for block in side.blocks]
    if side.names is None or side.step > 1:
        return indices
    room = max(width - digits - 1, 1)
    return [f"{index} {fit(name, room)}" for index, name in zip(indices, side.names, strict=True)]


def fits(form: Form, side: Side, wide: int) -> bool:
    """Whether all labels of this form can be read above columns of this width."""
    texts = texts_of(side)
    if wide < NARROWEST[form]:
        return False
    if form == "upright":
        return max(map(cell_len, texts)) < wide
    return form != "folded" or all(len(folded(text, wide - 1)) <= FOLDED_HEIGHT for text in texts)


def above(form: Form, side: Side, wide: int, margin: int) -> list[str]:
    """The lines of the labels above columns of this width, the last line next to the cells. `margin`: how far from
    the left the columns begin."""
    before, texts = " " * margin, texts_of(side)
    if form == "ticks":
        return _ticks([str(side.indices[block[0]]) for block in side.blocks], wide, before)
    if form == "upright":
        return [(before + "".join(text + " " * (wide - cell_len(text)) for text in texts)).rstrip()]
    height = VERTICAL_HEIGHT
    stacks = [folded(text, wide - 1) if form == "folded" else clusters(fit(text, height)) for text in texts]
    lines = []
    for back in range(max(map(len, stacks)), 0, -1):
        pieces = [stack[-back] if len(stack) >= back else "" for stack in stacks]
        lines.append((before + "".join(piece + " " * (wide - cell_len(piece)) for piece in pieces)).rstrip())
    return lines


def folded(text: str, width: int) -> list[str]:
    """A text in lines that are at most `width` cells wide, wherever they end."""
    lines = [""]
    for cluster in clusters(text):
        if lines[-1] and cell_len(lines[-1]) + cell_len(cluster) > width:
            lines.append("")
        lines[-1] += cluster
    return lines


def _ticks(indices: Sequence[str], wide: int, before: str) -> list[str]:
    """Indices above columns at equal distances, from the first one on, each with a stroke to its column."""
    apart = -(-(max(map(len, indices)) + 1) // wide)  # in columns
    apart = next((n for n in (1, 2, 5) if n >= apart), -(-apart // 10) * 10)
    numbers = strokes = before
    for position in range(0, len(indices), apart):
        numbers = numbers.ljust(len(before) + position * wide) + indices[position]
        strokes = strokes.ljust(len(before) + position * wide) + "╷"
    return [numbers, strokes]
