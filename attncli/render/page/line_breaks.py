"""Text in lines: where a line may be broken (between words, and between the characters of Japanese, which has no
spaces)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from unicodedata import east_asian_width

from attncli.render.page.cells import cell_len, clusters

NOT_FIRST = frozenset(
    "、。，．・：；？！）」』】〕〉》］｝…‥ー〜々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.:;?!)]}"
)
NOT_LAST = frozenset("（「『【〔〈《［｛([{")
"""What must not begin a line, and what must not end one (the line breaking rules of JIS X 4051, in short)."""


def breaks(line: str, width: int) -> list[int]:
    """Where each line after the first begins. Lines are at most `width` cells wide; they break between pieces, or
    within a piece that is wider."""
    starts, index, used = [], 0, 0
    for piece in pieces(line):
        if used and used + cell_len(piece.rstrip()) > width:
            starts.append(index)
            used = 0
        for cluster in clusters(piece):
            if used + cell_len(cluster) > width and not cluster.isspace():
                starts.append(index)
                used = 0
            used += cell_len(cluster)
            index += len(cluster)
    return starts


def pieces(line: str) -> Iterator[str]:
    """The parts between which a line may be broken, each with the spaces that follow it."""
    start = index = 0
    for before, after in pairwise(clusters(line)):
        index += len(before)
        if _may_part(before[0], after[0]):
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
