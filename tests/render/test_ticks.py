"""Ticks of axes cover the numbers and are 1, 2 or 5 times powers of ten."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.render.page.ticks import linear_ticks, logarithmic_steps, logarithmic_ticks

numbers = st.floats(-1e9, 1e9)


@given(st.lists(numbers, min_size=1, max_size=5), st.integers(3, 12))
def test_linear_ticks_cover_the_numbers_at_equal_distances(values: list[float], most: int) -> None:
    ticks = linear_ticks(values, most)
    step = ticks[1] - ticks[0]
    assert ticks[0] - 1e-6 * step <= min(values)
    assert max(values) <= ticks[-1] + 1e-6 * step
    assert 2 <= len(ticks) <= most
    assert [b - a for a, b in pairwise(ticks)] == pytest.approx([step] * (len(ticks) - 1))


def test_the_smallest_numbers_have_ticks() -> None:
    assert linear_ticks([5e-324], 6) == pytest.approx([0, 1e-300])


@given(st.lists(st.floats(-400, 400), min_size=1, max_size=5), st.integers(3, 12))
def test_logarithmic_steps_cover_the_numbers(exponents: list[float], most: int) -> None:
    steps = logarithmic_steps(exponents)
    assert steps[0] <= min(exponents)
    assert max(exponents) <= steps[-1]
    assert len(steps) >= 2
    digits = {round(10 ** (step - math.floor(step + 1e-9))) for step in steps}
    assert digits <= {1, 2, 5}
    assert len(logarithmic_ticks(steps, most)) <= most


def test_without_numbers_there_are_ticks_all_the_same() -> None:
    assert linear_ticks([], 6) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert logarithmic_steps([])[0] == -1
