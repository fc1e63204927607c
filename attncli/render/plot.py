"""Curves in text, legible without colour: each is drawn with its own letter, large where a number was measured,
small on the straight line between two of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array

HEIGHT, WIDEST = 14, 88
SEVERAL = "*"
"""Where measured numbers of several curves fall on one place."""

Cell = tuple[str, str | None]
"""A character, and its style."""


@dataclass(frozen=True, eq=False)
class Curve:
    """`x` and `y` are where it goes, as they are drawn: logarithms, where the axis is one. Infinite y are left
    out."""

    letter: str
    style: str
    x: Array
    y: Array


@dataclass(frozen=True)
class Axes:
    """`x` are the places and names of the marks below the plot; `y` names the number of a height."""

    x: Sequence[tuple[float, str]]
    y: Callable[[float], str]


def plot(curves: Sequence[Curve], axes: Axes, width: int, unicode: bool = True) -> list[list[Cell]]:
    """Lines of cells, top to bottom, at most `width` of them. `y` of the curves are logarithms to the base 10."""
    shown = [_finite(curve) for curve in curves]
    steps = _steps([y for curve in shown for y in curve.y])
    bottom, top = steps[0], steps[-1]
    names = {round((top - y) / (top - bottom) * (HEIGHT - 1)): axes.y(10.0**y) for y in _named(steps)}
    margin = max(map(len, names.values()))
    columns = min(width, WIDEST) - margin - 2
    places = np.concatenate([curve.x for curve in curves])
    first, last = float(places.min()), float(places.max())

    def column(x: Array) -> Array:
        return np.rint((x - first) / max(last - first, 1e-9) * (columns - 1))

    field: list[list[Cell]] = [[(" ", None)] * columns for _ in range(HEIGHT)]
    for curve in shown:
        for place, y, measured in _drawn(column(curve.x), curve.y):
            row = round((top - y) / (top - bottom) * (HEIGHT - 1))
            field[row][place] = _over(field[row][place], curve, measured)
    wall, corner, floor = "│└─" if unicode else "|+-"
    lines = [[(f"{names.get(row, ''):>{margin}} {wall}", "dim"), *cells] for row, cells in enumerate(field)]
    lines.append([(" " * (margin + 1) + corner + floor * columns, "dim")])
    ends = [(int(column(np.array(x))), name) for x, name in axes.x]
    return [*lines, [(" " * (margin + 2) + _spread(ends, columns), "dim")]]


def _finite(curve: Curve) -> Curve:
    kept = np.isfinite(curve.y)
    return Curve(curve.letter, curve.style, curve.x[kept], curve.y[kept])


def _steps(y: Sequence[float]) -> list[float]:
    """The logarithms of the numbers 1, 2 and 5, times a power of ten, from below all of `y` to above."""
    lowest, highest = (min(y), max(y)) if y else (-1.0, 0.0)
    powers = range(math.floor(lowest) - 1, math.ceil(highest) + 2)
    steps = [power + math.log10(part) for power in powers for part in (1, 2, 5)]
    first = max(i for i, step in enumerate(steps) if step <= lowest)
    last = min(i for i, step in enumerate(steps) if step >= highest and i > first)
    return steps[first : last + 1]


def _named(steps: Sequence[float]) -> list[float]:
    """Those that have room for a name: all, or powers of ten, as far apart as they need be."""
    if len(steps) <= HEIGHT // 2:
        return list(steps)
    powers = [step for step in steps if step == round(step)]
    return powers[:: -(-len(powers) // (HEIGHT // 2))]


def _drawn(columns: Array, y: Array) -> Iterator[tuple[int, float, bool]]:
    """Column, height and whether it was measured: a mean where several numbers share a column, and the line
    between those that were measured."""
    measured = sorted({int(c) for c in columns})
    means = [float(y[columns == c].mean()) for c in measured]
    for place in range(measured[0], measured[-1] + 1) if measured else ():
        yield place, float(np.interp(place, measured, means)), place in measured


def _over(there: Cell, curve: Curve, measured: bool) -> Cell:
    """What stands in a place where a curve comes to one that may be taken: what was measured goes first."""
    if not measured:
        return there if there[0] != " " else (curve.letter.lower(), curve.style)
    taken = there[0] == SEVERAL or there[0].isupper()
    return (SEVERAL, "bold") if taken else (curve.letter.upper(), f"bold {curve.style}")


def _spread(names: Sequence[tuple[int, str]], columns: int) -> str:
    """Names below their places, without those for which there is no room; the first and the last always."""
    line = [" "] * columns
    for place, name in [names[0], names[-1], *names]:
        start = min(max(0, place - (len(name) - 1) // 2), max(0, columns - len(name)))
        if all(c == " " for c in line[max(0, start - 1) : start + len(name) + 1]):
            line[start : start + len(name)] = name
    return "".join(line).rstrip()
