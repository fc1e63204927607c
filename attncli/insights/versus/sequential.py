"""How many operations a layer takes, how many steps must run one after another, and how long it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

import numpy as np

from attncli.formula.masks import causal
from attncli.formula.parallel import cores
from attncli.formula.recurrent import lstm, rnn
from attncli.formula.self_attention import self_attention
from attncli.formula.types import Array
from attncli.insights.versus.models import NAMES, Models, Progress, silent

REPEATS, ENOUGH, LONG = 7, 0.03, 1.0
"""A time is the median of at least REPEATS runs that take ENOUGH seconds together, or of runs that take LONG."""
FEW, UNSURE = 3, 1.5
"""Fewer runs than FEW say nothing of the noise: the time is then taken to be known up to the factor UNSURE."""
HELD = 2
"""At how many lengths in a row one model must be faster before that counts."""
DTYPE = np.float32


@dataclass(frozen=True)
class Work:
    """What a layer costs by the length n of the text (Vaswani et al. 2017, table 1)."""

    steps: str  # sequential
    operations: str
    path: str  # the most steps between two tokens


WORK: Mapping[str, Work] = {
    "rnn": Work("O(n)", "O(n·d²)", "O(n)"),
    "lstm": Work("O(n)", "O(n·d²)", "O(n)"),
    "attention": Work("O(1)", "O(n²·d)", "O(1)"),
}


@dataclass(frozen=True)
class Timing:
    """How long one model takes for n tokens: the median of the runs, and between which times their middle half
    lies."""

    model: str
    n: int
    seconds: float
    repeats: int
    low: float
    high: float

    def faster_than(self, other: Timing) -> bool:
        """Whether the difference is more than noise: the middle halves of the runs do not overlap."""
        return self.high < other.low


@dataclass(frozen=True)
class Crossing:
    """Attention and another model change places between two measured lengths: the last and the first at which one
    is clearly faster. `n` is where straight lines between the measured times meet, on logarithmic axes."""

    other: str
    n: float
    between: tuple[int, int]
    attention_faster_before: bool


@dataclass(frozen=True)
class Sequential:
    """The times at every length, and the crossings of attention with the others."""

    lengths: tuple[int, ...]
    timings: tuple[Timing, ...]
    crossings: tuple[Crossing, ...]
    threads: int  # that the computation may use

    def of(self, model: str) -> list[Timing]:
        """The times of one model, by length."""
        return [timing for timing in self.timings if timing.model == model]


def steps(model: str, n: int) -> int:
    """The number of sequential steps for n tokens."""
    return 1 if model == "attention" else n


def operations(model: str, n: int, d: int, hidden: int) -> int:
    """The number of multiply-adds in the matrix products of a layer, for n tokens."""
    if model == "attention":
        return 4 * n * d * d + 2 * n * n * d  # Q, K, V and the output; scores and weighted sum
    gates = 4 if model == "lstm" else 1
    return n * gates * hidden * (d + hidden)


def measure(
    models: Models,
    x: Array,
    lengths: Sequence[int],
    clock: Callable[[], float],
    progress: Progress = silent,
) -> Sequential:
    """Times each layer, causal, in float32, on the text `x` [position, d_model] repeated up to each of `lengths`,
    which are in ascending order. `clock` gives seconds. The models take turns, so that whatever slows the machine
    slows them all."""
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
        runs: dict[str, list[float]] = {name: [] for name in NAMES}
        while unfinished := [name for name in NAMES if not _enough(runs[name])]:
            for name in unfinished:
                start = clock()
                layers[name](text)
                runs[name].append(clock() - start)
                progress(sum(cost[:number]) / sum(cost))
        timings += [timing_of(name, n, runs[name]) for name in NAMES]
    return sequential(timings, cores())


def timing_of(model: str, n: int, runs: Sequence[float]) -> Timing:
    """The time of a model for n tokens, from the seconds of its runs."""
    if len(runs) < FEW:
        low, high = min(runs) / UNSURE, max(runs) * UNSURE
    else:
        low, high = (float(quartile) for quartile in np.quantile(runs, (0.25, 0.75)))
    return Timing(model, n, median(runs), len(runs), low, high)


def sequential(timings: Sequence[Timing], threads: int) -> Sequential:
    """The times with the crossings that they show."""
    of = {name: [timing for timing in timings if timing.model == name] for name in NAMES}
    found = [crossing for other in ("rnn", "lstm") for crossing in crossings(of["attention"], of[other])]
    return Sequential(tuple(timing.n for timing in of["attention"]), tuple(timings), tuple(found), threads)


def order(attention: Timing, other: Timing) -> int:
    """-1 where attention is faster, 1 where the other is, 0 where the difference is within the noise."""
    return other.faster_than(attention) - attention.faster_than(other)


def crossings(attention: Sequence[Timing], others: Sequence[Timing]) -> list[Crossing]:
    """Where attention goes from faster than the other to slower, or back, by the times at the same lengths. Each
    order must hold at HELD lengths in a row: a single one may be noise."""
    orders = [order(a, b) for a, b in zip(attention, others, strict=True)]
    held, start = list[int](), 0  # the places in a long enough row
    for way, row in groupby(orders):
        end = start + len(list(row))
        held += range(start, end) if way and end - start >= HELD else ()
        start = end
    return [
        _crossing(attention[i], others[i], attention[j], others[j])
        for i, j in pairwise(held)
        if orders[i] != orders[j]
    ]


def _crossing(attention: Timing, other: Timing, later: Timing, later_other: Timing) -> Crossing:
    gap, later_gap = (
        math.log(a.seconds) - math.log(b.seconds) for a, b in ((attention, other), (later, later_other))
    )
    fraction = gap / (gap - later_gap)
    n = math.exp(math.log(attention.n) + fraction * math.log(later.n / attention.n))
    return Crossing(other.model, n, (attention.n, later.n), gap < 0)


def _enough(runs: Sequence[float]) -> bool:
    return sum(runs) >= LONG or (len(runs) >= REPEATS and sum(runs) >= ENOUGH)
