"""What must hold of every drawing."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from attncli.render.pictures.drawing import TURN, Drawing, Words, text_width

ROUNDING = 0.01


def box_of(words: Words) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text that is not turned; below the baseline as much as letters reach."""
    width = text_width(words.text, words.size)
    left = words.x - {"start": 0.0, "middle": width / 2, "end": width}[words.anchor]
    return left, words.y - 0.75 * words.size, left + width, words.y + 0.2 * words.size


def assert_within(sheet: Drawing) -> None:
    """Everything on the sheet lies within it."""
    for words in sheet.words:
        if words.turned:
            length = text_width(words.text, words.size)
            right = words.x + length * np.cos(np.radians(TURN))
            box = words.x, words.y - length * np.sin(np.radians(TURN)), right, words.y
        else:
            box = box_of(words)
        _within(sheet, *box, words.text)
    for cells in sheet.cells:
        _within(sheet, cells.x, cells.y, cells.x + cells.size[0], cells.y + cells.size[1], "cells")
    for filled in sheet.boxes:
        _within(sheet, filled.x, filled.y, filled.x + filled.width, filled.y + filled.height, "a box")
    for line in sheet.lines:
        xs, ys = zip(*line.points, strict=True)
        _within(sheet, min(xs), min(ys), max(xs), max(ys), "a line")


def _within(sheet: Drawing, left: float, top: float, right: float, bottom: float, what: str) -> None:
    assert left >= -ROUNDING, what
    assert top >= -ROUNDING, what
    assert right <= sheet.width + ROUNDING, what
    assert bottom <= sheet.height + ROUNDING, what


def assert_apart(sheet: Drawing) -> None:
    """No text lies on another."""
    boxes = [(box_of(words), words.text) for words in sheet.words if not words.turned]
    for (one, first), (other, second) in combinations(boxes, 2):
        beside = one[2] <= other[0] + ROUNDING or other[2] <= one[0] + ROUNDING
        above = one[3] <= other[1] + ROUNDING or other[3] <= one[1] + ROUNDING
        assert beside or above, (first, second)
