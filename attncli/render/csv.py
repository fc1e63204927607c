"""Tidy CSV: one number a row. The columns are those that the trace's stages need, so a trace of weights has
stage, layer, head, query, query_token, key, key_token, value. What is not finite is -inf, inf or nan."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import product
from typing import IO

from attncli.render import Options
from attncli.text.visible import harmless
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

COLUMNS = {
    "head": ("head",),
    "kv_head": ("head",),
    "query": ("query", "query_token"),
    "key": ("key", "key_token"),
    "key_or_sink": ("key", "key_token"),
    "position": ("position", "token"),
    "vocab": ("rank", "id", "word"),
}
"""The columns of each axis; any other axis (d_model, d_head, …) is a `dimension`."""
ORDER = (
    "stage", "layer", "head", "query", "query_token", "key", "key_token",
    "position", "token", "dimension", "rank", "id", "word", "value",
)  # fmt: skip


class _Writer:
    def __init__(self, head: Trace, output: IO[bytes]) -> None:
        self.head = head
        self.output = output
        used = {"stage", "layer", "value"} | {c for a in head.axes for c in COLUMNS.get(a, ("dimension",))}
        self.columns = tuple(c for c in ORDER if c in used)
        self._write([self.columns])

    def stage(self, stage: Stage) -> None:
        self._write(self._rows(stage))

    def close(self) -> None:
        pass

    def _rows(self, stage: Stage) -> Iterator[Sequence[object]]:
        layer = "" if stage.layer is None else stage.layer
        numbers = stage.values.astype(str).reshape(-1).tolist()
        for coordinates, value in zip(product(*self._axes(stage)), numbers, strict=True):
            row: dict[str, object] = {"stage": stage.name, "layer": layer, "value": value}
            for cells in coordinates:
                row |= cells
            if stage.ids is not None and stage.labels is not None:
                at = stage.row_indices.index(int(str(row["position"]))), int(str(row["rank"]))
                row |= {"id": int(stage.ids[at]), "word": harmless(stage.labels[at[0]][at[1]])}
            yield [row.get(column, "") for column in self.columns]

    def _axes(self, stage: Stage) -> list[list[dict[str, object]]]:
        """For each axis, the cells that each of its indices contributes to a row."""
        axes: list[list[dict[str, object]]] = []
        for axis, size in zip(stage.axes, stage.values.shape, strict=True):
            tokens = self.head.tokens_along(stage, axis)
            if axis in ("head", "kv_head"):
                axes.append([{"head": h} for h in stage.head_indices])
            elif axis == "vocab" and stage.ids is None:
                word = str if tokens is None else tokens.word
                axes.append([{"id": i, "word": harmless(word(i))} for i in range(size)])
            elif axis == "vocab":
                axes.append([{"rank": i} for i in range(size)])
            elif axis in COLUMNS:
                sink = axis == "key_or_sink"
                indices = range(size - sink) if axis in ("key", "key_or_sink") else stage.row_indices
                number, token = COLUMNS[axis]
                texts = [""] * (max(indices) + 1) if tokens is None else tokens.texts
                axes.append([{number: i, token: harmless(texts[i])} for i in indices])
                if sink:  # it is no token, so it has no index
                    axes[-1].append({number: "", token: "sink"})
            else:
                axes.append([{"dimension": i} for i in range(size)])
        return axes

    def _write(self, rows: Iterator[Sequence[object]] | list[Sequence[object]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.output.write(text.getvalue().encode())


def writer(head: Trace, output: IO[bytes], options: Options) -> _Writer:
    return _Writer(head, output)
