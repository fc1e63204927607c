"""Maps as a table, for media that have no pictures."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

import numpy as np

from attncli.formula.pooling import Side
from attncli.language import N_, listed
from attncli.render.page.blocks import Formula, Heading, Matrix, Note
from attncli.render.page.figures import Column, Table
from attncli.render.page.maps import HeadMaps
from attncli.render.page.numbers import number
from attncli.text.visible import visible

SMALL = 16
"""A single map with at most so many cells a side is shown as numbers."""


def map_tables(maps: HeadMaps, precision: int) -> Iterator[Formula | Heading | Matrix | Table | Note]:
    """The numbers of a single small map; else a row for each map: its mark and its scores, or its smallest, mean
    and largest number where it has no scores."""
    if maps.formula:
        yield Formula(maps.formula, maps.meaning)
    head = maps.maps[0]
    if len(maps.maps) == 1 and (head.words or max(maps.rows.size, maps.columns.size) <= SMALL):
        yield Matrix(
            head.title, maps.shape, head.values, labels(maps.rows), labels(maps.columns), head.words or None
        )
    else:
        yield Heading(maps.name, maps.shape)
        yield _table(maps, precision)
    if maps.pooling:
        yield Note(maps.pooling)
    for mark, heads, meaning in maps.legend:
        yield Note(N_("{mark}: {heads} – {meaning}", mark=mark, heads=listed(*heads), meaning=meaning))
    if maps.marking:
        yield Note(maps.marking)


def _table(maps: HeadMaps, precision: int) -> Table:
    columns = [Column(N_("head"), [head.name for head in maps.maps], "label")]
    if any(head.mark for head in maps.maps):
        columns.append(Column(N_("mark"), [head.mark for head in maps.maps], "label"))
    scores = [head.scores or _summary(head.values) for head in maps.maps]
    for name in scores[0]:
        columns.append(Column(name, ["" if isnan(s[name]) else number(s[name], precision) for s in scores]))
    return Table(columns)


def _summary(values: np.ndarray) -> dict[str, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return dict.fromkeys((N_("smallest"), N_("mean"), N_("largest")), float("nan"))
    return {N_("smallest"): finite.min(), N_("mean"): finite.mean(), N_("largest"): finite.max()}


def labels(side: Side) -> list[str]:
    """The label of each cell along a side: the index and the name of its line, or the indices of its lines."""
    if side.step > 1:
        return ["–".join(dict.fromkeys(str(side.indices[i]) for i in (b[0], b[-1]))) for b in side.blocks]
    if side.names is None:
        return [str(index) for index in side.indices]
    return [f"{index} {visible(name)}" for index, name in zip(side.indices, side.names, strict=True)]
