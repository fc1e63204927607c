"""How much work a layer is, how much of it must be done one step after the other, and how long it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from attncli.formula.masks import causal
from attncli.formula.parallel import cores
from attncli.formula.recurrent import lstm, rnn
from attncli.formula.self_attention import self_attention
from attncli.formula.types import Array
from attncli.insights.versus.models import NAMES, Models

REPEATS, ENOUGH, LONG = 7, 0.03, 1.0
"""A time is the median of at least REPEATS runs, of as many as take ENOUGH seconds; or of those that take LONG."""
DTYPE = np.float32


@dataclass(frozen=True)
class Work:
    """What a layer costs by the length n of the text (Vaswani et al. 2017, table 1)."""

    steps: str  # that must follow one another
    operations: str
    path: str  # the most steps between two tokens


WORK: Mapping[str, Work] = {
    "rnn": Work("O(n)", "O(n·d²)", "O(n)"),
    "lstm": Work("O(n)", "O(n·d²)", "O(n)"),
    "attention": Work("O(1)", "O(n²·d)", "O(1)"),
}


@dataclass(frozen=True)
class Timing:
    """How long one model takes for n tokens."""

    model: str
    n: int
    seconds: float
    repeats: int


@dataclass(frozen=True)
class Crossing:
    """Between two lengths that were measured, attention and another model change places: `n` is where straight
    lines between the measured times meet, on logarithmic scales."""

    other: str
    n: float
    between: tuple[int, int]
    attention_faster_before: bool


@dataclass(frozen=True)
class Sequential:
    """The times at every length, and where attention and the others cross."""

    lengths: tuple[int, ...]
    timings: tuple[Timing, ...]
    crossings: tuple[Crossing, ...]
    threads: int  # how many the arithmetic may use

    def seconds(self, model: str) -> list[float]:
        return [t.seconds for t in self.timings if t.model == model]


def steps(model: str, n: int) -> int:
    """How many steps must follow one another, for n tokens."""
    return 1 if model == "attention" else n


def operations(model: str, n: int, d: int, hidden: int) -> int:
    """Multiplications with addition in the matrix products of a layer, for n tokens."""
    if model == "attention":
        return 4 * n * d * d + 2 * n * n * d  # Q, K, V and the output; scores and weighted sum
    gates = 4 if model == "lstm" else 1
    return n * gates * hidden * (d + hidden)


def measure(
    models: Models,
    x: Array,
    lengths: Sequence[int],
    clock: Callable[[], float],
    told: Callable[[float], None] = lambda fraction: None,
) -> Sequential:
    """Times each layer, causal, in float32, on the text `x` [position, d_model] repeated up to each of the growing
    `lengths`. `clock` gives seconds; the models take turns, so that what slows the machine slows them all."""
    single, d = models.astype(DTYPE), models.d_model
    layers: Mapping[str, Callable[[Array], object]] = {
        "rnn": lambda x: rnn(single.rnn, x),
        "lstm": lambda x: lstm(single.lstm, x),
        "attention": lambda x: self_attention(single.attention, x, causal),
    }
    cost = [sum(operations(name, n, d, models.hidden[name]) for name in NAMES) for n in lengths]
    timings: list[Timing] = []
    for number, n in enumerate(lengths):
        text = np.resize(x.astype(DTYPE), (n, d))
        taken: dict[str, list[float]] = {name: [] for name in NAMES}
        while waiting := [name for name in NAMES if not _enough(taken[name])]:
            for name in waiting:
                start = clock()
                layers[name](text)
                taken[name].append(clock() - start)
                told(sum(cost[:number]) / sum(cost))
        timings += [Timing(name, n, median(taken[name]), len(taken[name])) for name in NAMES]
    times = {name: [t.seconds for t in timings if t.model == name] for name in NAMES}
    found = [c for other in ("rnn", "lstm") for c in crossings(other, lengths, times["attention"], times[other])]
    return Sequential(tuple(lengths), tuple(timings), tuple(found), cores())


def crossings(
    other: str, lengths: Sequence[int], attention: Sequence[float], times: Sequence[float]
) -> list[Crossing]:
    """Where the time of attention goes from below that of the other to above it, or back."""
    behind = [math.log(a) - math.log(b) for a, b in zip(attention, times, strict=True)]
    told = [(n, gap) for n, gap in zip(lengths, behind, strict=True) if gap]  # the same time is on neither side
    found = []
    for (n, gap), (later, gap_later) in pairwise(told):
        if gap * gap_later < 0:
            part = gap / (gap - gap_later)
            at = math.exp(math.log(n) + part * math.log(later / n))
            found.append(Crossing(other, at, (n, later), gap < 0))
    return found


def _enough(taken: Sequence[float]) -> bool:
    return sum(taken) >= LONG or (len(taken) >= REPEATS and sum(taken) >= ENOUGH)
