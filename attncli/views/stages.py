"""Stages of a trace: each with its formula, and a matrix for each of its heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from attncli.formula.softmax import softmax
from attncli.formula.types import Array
from attncli.language import N_, Say
from attncli.render.page.blocks import Formula, Matrix, Note
from attncli.render.page.page import Arrays, Block, Options, Page, Record, Section
from attncli.stages.names import WEIGHTS, WEIGHTS_WITH_SINK, within_attention
from attncli.text.visible import visible
from attncli.tracing.document import stage_facts, stage_object
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace, head_object
from attncli.views.subject import opening, token_labels

COLUMNS = {
    "head": ("head",),
    "kv_head": ("head",),
    "query": ("query", "query_token"),
    "key": ("key", "key_token"),
    "key_or_sink": ("key", "key_token"),
    "position": ("position", "token"),
    "vocab": ("rank", "id", "word"),
}
"""The CSV columns of each axis; any other axis (d_model, d_head, …) is a `dimension`."""
ORDER = (
    "stage", "layer", "head", "query", "query_token", "key", "key_token",
    "position", "token", "dimension", "rank", "id", "word", "value",
)  # fmt: skip
KEYS = ("key", "key_or_sink")
"""The axes whose indices are tokens that are attended to."""


def page(head: Trace, options: Options, stages: Iterable[Stage] = ()) -> Page:
    """The page of a trace: the sections of `stages`, or of those that come one by one (`section`). `head` is the
    trace without its stages; its `axes` are those of the stages to come."""
    used = {"stage", "layer", "value"} | {c for axis in head.axes for c in COLUMNS.get(axis, ("dimension",))}
    return Page(
        title=head.text or "attn",
        head=head_object(head),
        items="stages",
        columns=[column for column in ORDER if column in used],
        opening=lambda: opening(head, options.say),
        beside_arrays={} if head.tokens is None else {"types": head.tokens.types},
        sections=(section(stage, head, options) for stage in stages),
    )


def section(stage: Stage, head: Trace, options: Options) -> Section:
    """One stage of a trace."""
    return Section(lambda: _blocks(stage, head, options), StageData(stage, head))


def _blocks(stage: Stage, head: Trace, options: Options) -> Iterator[Block]:
    if stage.formula:
        yield Formula(stage.formula, stage.meaning, stage.detail, stage.name)
    for matrix in matrices(stage, head, options.say):
        yield matrix
        if matrix.weights and options.precision and not matrix.values.all():
            small = "0.00…" if options.precision > 1 else "0.0"
            text = N_("0: exactly zero, as for a masked key. {small}: above zero, but rounds to it.", small=small)
            yield Note(text, once=True)


# ------------------------------------------------------------------ matrices


def matrices(stage: Stage, head: Trace, say: Say) -> Iterator[Matrix]:
    """The matrices of a stage: one a head, or one where it has no heads."""

    def labels(axis: str, indices: Iterable[int]) -> list[str]:
        names = token_labels(head.tokens_along(stage, axis))
        return [names[index] if names else str(index) for index in indices]

    values, weights = stage.values, within_attention(stage.name) in (WEIGHTS, WEIGHTS_WITH_SINK)

    def importance(matrix: Array) -> Callable[[Sequence[int]], Array] | None:
        return partial(_share_of_keys, matrix, weights) if stage.axes[-1] in KEYS else None

    if values.ndim == 1:
        columns = [str(index) for index in range(values.shape[-1])]
        yield Matrix(stage.name, _shape(stage, say), values[None, :], [stage.symbol], columns)
        return
    rows, columns = labels(stage.axes[-2], stage.row_indices), _column_labels(stage, head, say)
    if values.ndim == 2:
        yield Matrix(
            stage.name, _shape(stage, say), values, rows, columns, stage.labels, weights, importance(values)
        )
        return
    for number, matrix in zip(stage.head_indices, values, strict=True):
        title = f"{stage.name} · {_head_name(stage, number, say)}"
        yield Matrix(title, _shape(stage, say), matrix, rows, columns, None, weights, importance(matrix))


def _share_of_keys(matrix: Array, weights: bool, rows: Sequence[int]) -> Array:
    """The share of the attention that some rows of a head pay to each key [key]. Rows of scores have the shares
    that their softmax gives; a row that has none (NaN, or all masked) pays nothing."""
    chosen = matrix[list(rows)]
    with np.errstate(invalid="ignore"):
        shares = chosen if weights else softmax(chosen)
    return np.nan_to_num(shares, nan=0, posinf=0, neginf=0).sum(axis=0)


def _head_name(stage: Stage, number: int, say: Say) -> str:
    if stage.axes[0] == "kv_head":
        return say("key/value head {head}", head=number)
    return say("head {head}", head=number)


def _shape(stage: Stage, say: Say) -> str:
    """[query 6 × key 6]: the axes of a matrix with their sizes."""
    axes = [say(axis) for axis in stage.axes][-2:]
    sizes = [f"{axis} {size}" for axis, size in zip(axes, stage.values.shape[-2:], strict=True)]
    if stage.ids is not None:
        sizes[-1] = say("top {count} of {axis}", count=stage.values.shape[-1], axis=axes[-1])
    return f"[{' × '.join(sizes)}]"


def _column_labels(stage: Stage, head: Trace, say: Say) -> list[str]:
    count, axis = stage.values.shape[-1], stage.axes[-1]
    tokens, words = head.tokens_along(stage, axis), head.tokens_along(stage, "vocab")
    if axis in KEYS:
        sink = [say("sink")] if axis == "key_or_sink" else []
        keys = range(count - len(sink))
        names = token_labels(tokens)
        return [*(names[key] if names else str(key) for key in keys), *sink]
    if stage.ids is not None:
        return [f"#{rank + 1}" for rank in range(count)]
    if axis == "vocab" and words is not None:
        return [f"{i} {visible(words.word(i))}" for i in range(count)]
    return [str(index) for index in range(count)]


# ------------------------------------------------------------------ data


@dataclass(frozen=True, eq=False)
class StageData:
    """A stage for programs: a JSON object, CSV rows of one number each, an array by the stage's name."""

    stage: Stage
    head: Trace

    def objects(self) -> Iterable[Record]:
        return [stage_object(self.stage)]

    def facts(self) -> Iterable[Record]:
        return [stage_facts(self.stage)]

    def arrays(self) -> Arrays:
        """The values; the ids of the kept words as NAME.ids."""
        stage = self.stage
        arrays: Arrays = {stage.name: np.ascontiguousarray(stage.values)}
        return arrays if stage.ids is None else arrays | {f"{stage.name}.ids": np.ascontiguousarray(stage.ids)}

    def rows(self) -> Iterator[Record]:
        """One number a row. What is not finite is -inf, inf or nan."""
        stage = self.stage
        layer = "" if stage.layer is None else stage.layer
        numbers = stage.values.astype(str).reshape(-1).tolist()
        for coordinates, value in zip(product(*self._axes()), numbers, strict=True):
            row: dict[str, object] = {"stage": stage.name, "layer": layer, "value": value}
            for cells in coordinates:
                row |= cells
            if stage.ids is not None and stage.labels is not None:
                position = stage.row_indices.index(int(str(row["position"]))), int(str(row["rank"]))
                row |= {"id": int(stage.ids[position]), "word": stage.labels[position[0]][position[1]]}
            yield row

    def _axes(self) -> list[Sequence[Record]]:
        """For each axis, the cells that each of its indices adds to a row."""
        return [
            self._axis(axis, size) for axis, size in zip(self.stage.axes, self.stage.values.shape, strict=True)
        ]

    def _axis(self, axis: str, size: int) -> Sequence[Record]:
        stage, tokens = self.stage, self.head.tokens_along(self.stage, axis)
        if axis in ("head", "kv_head"):
            return [{"head": head} for head in stage.head_indices]
        if axis == "vocab" and stage.ids is None:
            word = str if tokens is None else tokens.word
            return [{"id": i, "word": word(i)} for i in range(size)]
        if axis == "vocab":
            return [{"rank": rank} for rank in range(size)]
        if axis not in COLUMNS:
            return [{"dimension": index} for index in range(size)]
        sink = axis == "key_or_sink"
        indices = range(size - sink) if axis in KEYS else stage.row_indices
        number, token = COLUMNS[axis]
        texts = [""] * (max(indices) + 1) if tokens is None else tokens.texts
        cells: list[Record] = [{number: index, token: texts[index]} for index in indices]
        return [*cells, {number: "", token: "sink"}] if sink else cells  # the sink is no token and has no index
