"""A pocket calculator for printed numbers. A printed number stands for the range of all numbers that round to it,
so results are ranges too; a printed result is right if its range and the computed one overlap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The numbers between two ends."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        return Range(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Range) -> Range:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(min(ends), max(ends))

    def __truediv__(self, other: Range) -> Range:
        assert other.low > 0
        return self * Range(1 / other.high, 1 / other.low)

    def rising(self, function: Callable[[float], float]) -> Range:
        """The range of a non-decreasing function of it."""
        return Range(function(self.low), function(self.high))


def exactly(value: float) -> Range:
    return Range(value, value)


def total(ranges: Iterable[Range]) -> Range:
    return sum(ranges, exactly(0.0))


@dataclass(frozen=True)
class Calculator:
    """A calculator for numbers with `digits` digits after the point, computed in float32."""

    digits: int

    def read(self, text: str) -> Range:
        """The range that a text stands for; `0` and `-inf` are exact."""
        value = float(text)
        if text in ("0", "-inf"):
            return exactly(value)
        half = 0.5 * 10.0**-self.digits + 3e-6 * max(1.0, abs(value))
        return Range(value - half, value + half)

    def agree(self, computed: Range, printed: str) -> bool:
        """Whether a computed range fits a printed number."""
        given = self.read(printed)
        if math.isinf(given.low):
            return computed == given
        return computed.low <= given.high + 1e-9 and given.low <= computed.high + 1e-9
