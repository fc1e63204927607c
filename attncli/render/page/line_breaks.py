"""Text in lines: where a line may be broken (between words, and between the characters of Japanese, which has no
spaces), and labels cut to a width."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

from rich.cells import cell_len, set_cell_size

NOT_FIRST = frozenset(
    "、。，．・：；？！）」』】〕〉》］｝…‥ー〜々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.:;?!)]}"
)
NOT_LAST = frozenset("（「『【〔〈《［｛([{")
"""What must not begin a line, and what must not end one (the line breaking rules of JIS X 4051, in short)."""


def fit(label: str, width: int) -> str:
    """A label cut to a width in cells, with … where it was cut."""
    return label if cell_len(label) <= width else set_cell_size(label, width - 1).rstrip() + "…"


def breaks(line: str, width: int) -> list[int]:
    """Where each line after the first begins. Lines are at most `width` cells wide; they break between pieces, or
    within a piece that is wider."""
    starts, index, used = [], 0, 0
    for piece in pieces(line):
        if used and used + cell_len(piece.rstrip()) > width:
            starts.append(index)
            used = 0
        for char in piece:
            if used + cell_len(char) > width and not char.isspace():
                starts.append(index)
                used = 0
            used += cell_len(char)
            index += 1
    return starts


def pieces(line: str) -> Iterator[str]:
    """The parts between which a line may be broken, each with the spaces that follow it."""
    start = 0
    for index in range(1, len(line)):
        if _may_part(line[index - 1], line[index]):
            yield line[start:index]
            start = index
    yield line[start:]


def _may_part(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    wide = east_asian_width(before) in "WF" or east_asian_width(after) in "WF"
    return wide and before not in NOT_LAST and after not in NOT_FIRST
