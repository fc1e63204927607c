"""The maps of a model's heads, or of positional encodings, as a page: `attn map` and `attn pe --map`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from attncli.formula.pooling import Side
from attncli.insights.maps import HeadMatrix, MapSection, marked, score_of
from attncli.language import N_, joined
from attncli.render.page.maps import HeadMap, HeadMaps
from attncli.render.page.page import Arrays, Options, Page, Record, Section
from attncli.text.visible import visible
from attncli.tracing.trace import Trace, head_object
from attncli.views.focus import focus_blocks, focus_object
from attncli.views.subject import opening

PATTERNS = {
    "previous": N_("attends to the previous token"),
    "first": N_("attends to the first token"),
    "self": N_("attends to itself"),
    "same": N_("attends to the last identical token"),
    "induction": N_("attends to the token after the last identical one"),
}
"""What a head of each pattern does."""
MARKING = N_(
    "A head is labelled when those tokens get at least 25 % of its attention and, leaving the first token aside, "
    "more than halfway between a uniform share and 100 %."
)

LARGER = N_("These maps take more than the window: --overview shows every head at once, --layer and --head some.")


def page(head: Trace, planned: Sequence[MapSection], sort: str, options: Options) -> Page:
    """The page of some maps, whose sections come one by one (`section`). `head` is the trace without its stages;
    `planned` are the sections without values."""
    single = all(len(maps.maps) == 1 for maps in planned)  # such a map has its tokens along its sides
    return Page(
        title=head.text or "attn map",
        head=head_object(head) | {"sort": sort},
        items="sections",
        columns=_columns(planned),
        opening=lambda: opening(head, options.say, tokens=not single),
    )


def section(maps: MapSection, sort: str) -> Section:
    """A section of maps for people and for programs. `sort`: the order that its maps are in."""
    focus = maps.maps[0].focus if len(maps.maps) == 1 else None
    below = () if focus is None else focus_blocks(focus)
    return Section(lambda: [head_maps(maps, sort), *below], MapData(maps))


def pooled_by(maps: MapSection, sort: str, fitted: Callable[[HeadMaps], HeadMaps]) -> MapSection:
    """A planned section, its sides pooled to what a medium has room for."""
    block = fitted(head_maps(maps, sort))
    return replace(
        maps,
        rows=replace(maps.rows, step=block.rows.step),
        columns=replace(maps.columns, step=block.columns.step),
    )


# ------------------------------------------------------------------ for people


def head_maps(section: MapSection, sort: str) -> HeadMaps:
    """The block of a section, whose maps may be without values yet."""
    alone = len(section.maps) == 1
    limits, legend = section.limits, () if alone else tuple(legend_of(section.maps))
    axes = {"rows": N_(section.rows.axis), "columns": N_(section.columns.axis)}
    counts = {"row_count": len(section.rows.indices), "column_count": len(section.columns.indices)}
    return HeadMaps(
        name=_title(section.maps[0]) if alone else section.name,
        shape=N_("[{rows} {row_count} × {columns} {column_count}]", **axes, **counts),
        rows=_visible(section.rows),
        columns=_visible(section.columns),
        maps=tuple(_head_map(matrix, sort) for matrix in section.maps),
        limits=limits,
        signed=limits[0] < 0,
        formula=section.formula,
        meaning=section.meaning,
        pooling=joined("; ", *filter(None, (section.note, _pooling(section, limits[0] < 0)))),
        legend=legend,
        marking=MARKING if legend else "",
        larger=LARGER if section.maps[0].layer is not None else "",
    )


def _visible(side: Side) -> Side:
    """The side with names that can be seen; marked texts are left for the medium to translate."""
    return side if side.names is None else replace(side, names=[visible(name) for name in side.names])


def _head_map(matrix: HeadMatrix, sort: str) -> HeadMap:
    scores = matrix.scores
    return HeadMap(
        name=_name(matrix, sort),
        title=_title(matrix),
        values=matrix.values,
        mark="" if scores is None or scores.mark is None else scores.mark,
        row=matrix.layer if sort == "layer" else None,
        scores={} if scores is None else scores.kinds | {"entropy": scores.entropy},
    )


def _name(matrix: HeadMatrix, sort: str) -> str:
    """3.1 for head 1 of layer 3, head 1 where there are no layers; then the score that the maps are sorted by."""
    head = N_("head {head}", head=matrix.head) if matrix.layer is None else f"{matrix.layer}.{matrix.head}"
    score = score_of(matrix, sort)
    if score is None:
        return head
    number = f" {score:.2f}"
    return joined("", head, N_("{number} bits", number=number) if sort == "entropy" else number)


def _title(matrix: HeadMatrix) -> str:
    """The stage, the head, and what the head does."""
    texts = [matrix.stage]
    if matrix.head is not None:
        texts.append(N_("head {head}", head=matrix.head))
    if matrix.scores is not None and matrix.scores.mark is not None:
        mark = matrix.scores.mark
        texts.append(N_("{meaning} ({score})", meaning=PATTERNS[mark], score=f"{score_of(matrix, mark):.2f}"))
    return joined(" · ", *texts)


def _pooling(section: MapSection, signed: bool) -> str:
    """How many numbers a cell stands for, and how; empty where each cell is one number."""
    steps = {"rows": section.rows.step, "columns": section.columns.step}
    if not section.pooled:
        return ""
    if section.how == "mean":
        return N_("pooled: each cell is the mean of {rows} × {columns} numbers", **steps)
    if signed:
        return N_("pooled: each cell is the number farthest from zero of {rows} × {columns} numbers", **steps)
    return N_("pooled: each cell is the largest of {rows} × {columns} numbers", **steps)


def legend_of(
    maps: Sequence[HeadMatrix], names: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, Sequence[str], str]]:
    """Each pattern that some heads clearly follow, these heads with their scores, and what they do. `names` of
    patterns are shown in place of their own."""
    for pattern, heads in marked(maps).items():
        scored = [f"{matrix.layer}.{matrix.head} {score_of(matrix, pattern):.2f}" for matrix in heads]
        yield names.get(pattern, pattern), scored, PATTERNS[pattern]


# ------------------------------------------------------------------ for programs


@dataclass(frozen=True, eq=False)
class MapData:
    """The data of a section. JSON as in attncli/schemas/map-1.json.

    CSV has a row for each cell; a cell that stands for several lines has the index (and the token) of the first.
    Arrays are [head, row cell, column cell], one for each stage; a masked key is -inf."""

    section: MapSection

    def objects(self) -> Iterable[Record]:
        return [self._object([_facts(matrix) | {"values": matrix.values} for matrix in self.section.maps])]

    def facts(self) -> Iterable[Record]:
        return [self._object([_facts(matrix) for matrix in self.section.maps])]

    def arrays(self) -> Arrays:
        stages: dict[str, list[np.ndarray[Any, Any]]] = {}
        for matrix in self.section.maps:
            stages.setdefault(matrix.stage, []).append(matrix.values)
        return {stage: np.stack(values) for stage, values in stages.items()}

    def rows(self) -> Iterator[Record]:
        names = _axes(self.section)
        sides = self.section.rows, self.section.columns
        rows, columns = (list(_cells(side, name)) for side, name in zip(sides, names, strict=True))
        for matrix in self.section.maps:
            head = {"stage": matrix.stage, "layer": matrix.layer, "head": matrix.head}
            for row, values in zip(rows, matrix.values.tolist(), strict=True):
                for column, value in zip(columns, values, strict=True):
                    yield head | row | column | {"value": value}

    def _object(self, maps: list[dict[str, Any]]) -> dict[str, Any]:
        section = self.section
        return {
            "name": section.name,
            "formula": section.formula,
            "meaning": section.meaning,
            "pool": section.how if section.pooled else None,
            "rows": _side(section.rows),
            "columns": _side(section.columns),
            "limits": section.limits,
            "maps": maps,
        }


def _facts(matrix: HeadMatrix) -> dict[str, Any]:
    scores = matrix.scores
    return {
        "stage": matrix.stage,
        "layer": matrix.layer,
        "head": matrix.head,
        "mark": None if scores is None else scores.mark,
        "scores": None if scores is None else scores.kinds | {"entropy": scores.entropy},
        "focus": None if matrix.focus is None else focus_object(matrix.focus),
    }


def _side(side: Side) -> dict[str, Any]:
    return {"axis": side.axis, "indices": list(side.indices), "step": side.step}


def _axes(section: MapSection) -> tuple[str, str]:
    """The names of the columns of CSV that hold the indices of rows and of columns."""
    rows, columns = section.rows.axis, section.columns.axis
    return rows, columns if columns != rows else f"other_{columns}"


def _cells(side: Side, name: str) -> Iterator[dict[str, object]]:
    """For each cell the index of its first line, and the text of its token."""
    for block in side.blocks:
        if side.names is None:
            yield {name: side.indices[block[0]]}
        else:
            yield {name: side.indices[block[0]], f"{name}_token": side.names[block[0]]}


def _columns(planned: Sequence[MapSection]) -> list[str]:
    """The columns of CSV that these sections have between them."""
    named = [
        cell
        for section in planned
        for side, name in zip((section.rows, section.columns), _axes(section), strict=True)
        for cell in ([name] if side.names is None else [name, f"{name}_token"])
    ]
    return list(dict.fromkeys(["stage", "layer", "head", *named, "value"]))
