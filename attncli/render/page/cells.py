"""Texts in the cells of a terminal: how many a text takes, where it may be divided, and texts cut to a width.

Widths are those of the wcwidth library, which follows what terminals do: a Devanagari vowel sign widens its
letter, a flag or a family of emoji is one character. The library takes 45 ms to import, so that the most common
characters are measured without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import category

ONE_CELL = (
    "\x20-\x7e\xa1-\xac\xae-\u02ff\u0386\u0388-\u038a\u038e-\u03a1\u03a3-\u03ff\u0400-\u0482\u1d2c-\u1d6a"
    "\u2010-\u2027\u2030-\u205e\u2190-\u2319\u2400-\u2426\u2500-\u25fc\u27f5-\u27ff\u2800-\u28ff"
)
"""Latin, Greek and Cyrillic letters, mathematics, arrows, boxes and blocks."""
TWO_CELLS = "\u3001-\u3029\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60"
"""Kana, the common kanji, Hangul syllables, and wide punctuation."""
_SIMPLE, _WIDE = re.compile(f"[{ONE_CELL}{TWO_CELLS}]*"), re.compile(f"[{TWO_CELLS}]")


def cell_len(text: str) -> int:
    """How many cells the text takes. Control characters take none."""
    if text.isascii():
        return len(text) if text.isprintable() else sum(char.isprintable() for char in text)
    if _SIMPLE.fullmatch(text):
        return len(text) + len(_WIDE.findall(text))
    from wcwidth import width

    return width(text, control_codes="ignore")


def cell_len_by_character(text: str) -> int:
    """How many cells the text takes in tmux and screen, which count the characters of a word one by one: a vowel
    sign that stands beside its letter takes a cell of its own, and conjoined letters as many as they are."""
    if _SIMPLE.fullmatch(text):
        return cell_len(text)
    return sum(
        sum(cell_len(char) or category(char) == "Mc" for char in cluster)
        if category(cluster[0])[0] in "LM"
        else cell_len(cluster)
        for cluster in clusters(text)
    )


def clusters(text: str) -> Sequence[str]:
    """The characters as a reader sees them: each letter with its marks."""
    if _SIMPLE.fullmatch(text):
        return text
    from wcwidth import iter_graphemes

    return list(iter_graphemes(text))


def fit(label: str, width: int) -> str:
    """A label cut to a width in cells, with … where it was cut."""
    return label if cell_len(label) <= width else _beginning(label, width - 1).rstrip() + "…"


def _beginning(text: str, width: int) -> str:
    """As many characters as the width has room for."""
    end = 0
    for cluster in clusters(text):
        if cell_len(text[: end + len(cluster)]) > width:
            break
        end += len(cluster)
    return text[:end]


def left(text: str, width: int) -> str:
    """The text at the left of a column of this width."""
    return text + " " * (width - cell_len(text))


def right(text: str, width: int) -> str:
    """The text at the right of a column of this width."""
    return " " * (width - cell_len(text)) + text
