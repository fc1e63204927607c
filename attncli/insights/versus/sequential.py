"""How many operations a layer takes, how many steps must run one after another, and how long it takes."""

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
from attncli.insights.versus.models import NAMES, Models, Progress, silent

REPEATS, ENOUGH, LONG = 7, 0.03, 1.0
"""A time is the median of at least REPEATS runs that take ENOUGH seconds together, or of runs that take LONG."""
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
    """How long one model takes for n tokens."""

    model: str
    n: int
    seconds: float
    repeats: int


@dataclass(frozen=True)
class Crossing:
    """Attention and another model change places between two measured lengths. `n` is where straight lines between
    the measured times meet, on logarithmic axes."""

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

    def seconds(self, model: str) -> list[float]:
        """The times of one model, by length."""
        return [timing.seconds for timing in self.timings if timing.model == model]


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
        timings += [Timing(name, n, median(runs[name]), len(runs[name])) for name in NAMES]
    times = {name: [timing.seconds for timing in timings if timing.model == name] for name in NAMES}
    all_crossings = [
        c for other in ("rnn", "lstm") for c in crossings(other, lengths, times["attention"], times[other])
    ]
    return Sequential(tuple(lengths), tuple(timings), tuple(all_crossings), cores())


def crossings(
    other: str, lengths: Sequence[int], attention: Sequence[float], times: Sequence[float]
) -> list[Crossing]:
    """Where attention goes from faster than the other to slower, or back. `attention` and `times` are seconds, by
    length."""
    gaps = [math.log(a) - math.log(b) for a, b in zip(attention, times, strict=True)]
    decided = [(n, gap) for n, gap in zip(lengths, gaps, strict=True) if gap]  # equal times are on neither side
    crossed = []
    for (n, gap), (later, later_gap) in pairwise(decided):
        if gap * later_gap < 0:
            fraction = gap / (gap - later_gap)
            crossing = math.exp(math.log(n) + fraction * math.log(later / n))
            crossed.append(Crossing(other, crossing, (n, later), gap < 0))
    return crossed


def _enough(runs: Sequence[float]) -> bool:
    return sum(runs) >= LONG or (len(runs) >= REPEATS and sum(runs) >= ENOUGH)
