"""Stages as matrices with labelled rows and columns, and the choice of what to show of large ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array
from attncli.text.language import ENGLISH, Say
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


@dataclass(frozen=True, eq=False)
class Matrix:
    """One table: a stage, or one head of it. `words`, where given, stand before the numbers."""

    stage: Stage
    head: int | None
    values: Array  # [row, column]
    rows: Sequence[str]
    columns: Sequence[str]
    words: Sequence[Sequence[str]] | None = None

    def title(self, say: Say) -> str:
        """The stage's name, and the head."""
        if self.head is None:
            return self.stage.name
        shared = self.stage.axes[0] == "kv_head"
        head = say("key/value head {head}", head=self.head) if shared else say("head {head}", head=self.head)
        return f"{self.stage.name} · {head}"

    def shape(self, say: Say) -> str:
        """[query 6 × key 6], the axes with their sizes."""
        axes = [say(axis) for axis in self.stage.axes]
        sizes = [f"{axis} {n}" for axis, n in zip(axes[-2:], self.values.shape, strict=False)]
        if self.stage.ids is not None:
            sizes[-1] = say("top {count} of {axis}", count=self.values.shape[-1], axis=axes[-1])
        return f"[{' × '.join(sizes)}]"

    @property
    def are_weights(self) -> bool:
        """Whether the rows are attention weights, which sum to one."""
        return self.stage.name.endswith((".weights", ".weights_with_sink"))

    def cell(self, row: int, column: int, precision: int) -> str:
        text = number(float(self.values[row, column]), precision)
        return text if self.words is None else f"{visible(self.words[row][column])} {text}"


def number(value: float, precision: int) -> str:
    """A number for people. Exactly zero is `0`, so that it differs from a small one that rounds to it."""
    if value == 0:
        return "0"
    return f"{value:.{precision}f}" if abs(value) < 1e7 else f"{value:.{precision}e}"


def matrices(stage: Stage, trace: Trace, say: Say = ENGLISH) -> Iterator[Matrix]:
    """The tables of a stage of a trace: one a head, or one where it has no heads."""

    def labels(axis: str, indices: Iterable[int]) -> list[str]:
        names = token_labels(trace.tokens_along(stage, axis))
        return [names[i] if names else str(i) for i in indices]

    values = stage.values
    if values.ndim == 1:
        yield Matrix(stage, None, values[None, :], [stage.symbol], [str(i) for i in range(values.shape[-1])])
        return
    rows, tokens = labels(stage.axes[-2], stage.row_indices), trace.tokens_along(stage, "vocab")
    if stage.axes[-1] == "key":
        columns = labels("key", range(values.shape[-1]))
    elif stage.axes[-1] == "key_or_sink":
        columns = [*labels("key", range(values.shape[-1] - 1)), say("sink")]
    elif stage.ids is not None:
        columns = [f"#{i + 1}" for i in range(values.shape[-1])]
    elif stage.axes[-1] == "vocab" and tokens is not None:
        columns = [f"{i} {visible(tokens.word(i))}" for i in range(values.shape[-1])]
    else:
        columns = [str(i) for i in range(values.shape[-1])]
    if values.ndim == 2:
        yield Matrix(stage, None, values, rows, columns, stage.labels)
        return
    for head, one in zip(stage.head_indices, values, strict=True):
        yield Matrix(stage, head, one, rows, columns)


def token_labels(tokens: Tokens | None) -> list[str]:
    if tokens is None:
        return []
    width = len(str(len(tokens) - 1))
    return [f"{i:>{width}} {visible(text)}" for i, text in enumerate(tokens.texts)]


def row_sums(matrix: Matrix, rows: Sequence[int], precision: int) -> list[str] | None:
    """Σ of some rows of attention weights, whatever is elided in them; None for other stages."""
    if not matrix.are_weights:
        return None
    return [number(float(s), precision) for s in np.sum(matrix.values[list(rows)], axis=-1)]


def middle_out(count: int, room: int) -> tuple[list[int], int]:
    """Which of `count` lines to show when there is room for `room`: the first and the last, and how many
    are left out between them."""
    if count <= room:
        return list(range(count)), 0
    head = (room + 1) // 2
    tail = room - head
    return [*range(head), *range(count - tail, count)], count - room
