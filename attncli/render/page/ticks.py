"""Ticks of an axis: 1, 2 and 5 times powers of ten, from below all numbers to above them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attncli.render.page.figures import Axis

SMALLEST = 1e-300
"""The smallest distance of ticks: a tenth of the numbers that lie closer would have no float64."""


@dataclass(frozen=True)
class Ticks:
    """The first and the last tick, and those that have a name, as coordinates along the axis."""

    first: float
    last: float
    named: Sequence[tuple[float, str]]


def ticks(axis: Axis, coordinates: Sequence[float], most: int) -> Ticks:
    """The ticks of an axis for numbers at these (finite) coordinates, with names for at most `most` of them."""
    if axis.logarithmic:
        steps = logarithmic_steps(coordinates)
        named = [(step, exponent_text(step, axis.text)) for step in logarithmic_ticks(steps, most)]
        return Ticks(steps[0], steps[-1], named)
    steps = linear_ticks(coordinates, most)
    return Ticks(steps[0], steps[-1], [(step, axis.text(step)) for step in steps])


def logarithmic_steps(exponents: Sequence[float]) -> list[float]:
    """The base-10 logarithms of 1, 2 and 5 times powers of ten, from the last that is not above any of `exponents`
    to the first that is not below any of them; two at least."""
    low, high = (min(exponents), max(exponents)) if exponents else (-1.0, 0.0)
    powers = range(math.floor(low) - 1, math.ceil(high) + 2)
    steps = [power + math.log10(digit) for power in powers for digit in (1, 2, 5)]
    first = max(i for i, step in enumerate(steps) if step <= low)
    last = min(i for i, step in enumerate(steps) if step >= high and i > first)
    return steps[first : last + 1]


def logarithmic_ticks(steps: Sequence[float], most: int) -> list[float]:
    """The steps that get a name: all of them, or powers of ten, as far apart as `most` of them allow."""
    if len(steps) <= most:
        return list(steps)
    powers = [step for step in steps if step == round(step)]
    return powers[:: -(-len(powers) // most)]


def linear_ticks(values: Sequence[float], most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from below all of `values` to above them, no more than `most`
    (three at least)."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - abs(low) / 2, high + abs(high) / 2 or 1.0
    power = math.floor(math.log10(max((high - low) / most, SMALLEST)))
    for step in (digit * 10.0 ** (power + i) for i in range(3) for digit in (1, 2, 5)):
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first < max(most, 3):
            break
    return [multiple * step for multiple in range(first, last + 1)]


def exponent_text(exponent: float, text: Callable[[float], str]) -> str:
    """The number with this base-10 logarithm, by `text`; as a power of ten where it is beyond the range of
    float64."""
    return text(10.0**exponent) if abs(exponent) < 300 else f"1e{round(exponent)}"
