"""Sequential work: operations, times, and crossings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.insights.versus.models import NAMES, seeded_models
from attncli.insights.versus.sequential import (
    REPEATS,
    Timing,
    crossings,
    measure,
    operations,
    steps,
    timing_of,
)
from tests.support.word_vectors import words


def test_operations_are_the_products_of_the_matrices() -> None:
    assert operations("attention", 10, 8, 8) == 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8
    assert operations("rnn", 10, 8, 12) == 10 * (8 * 12 + 12 * 12)
    assert operations("lstm", 10, 8, 5) == 10 * 4 * (8 * 5 + 5 * 5)
    assert [steps(name, 10) for name in NAMES] == [10, 10, 1]


def test_times_are_medians_of_runs_in_turn() -> None:
    """A clock that moves by 1, 2, 3, … thousandths: a run takes an odd number of them, the models by turns."""
    ticks = count()
    models, now = seeded_models(4, 0), 0.0

    def clock() -> float:
        nonlocal now
        now += next(ticks) / 1000
        return now

    found = measure(models, words(3, 4), [2], clock)
    taken = {
        name: [0.001 * (2 * (3 * turn + place) + 1) for turn in range(REPEATS)] for place, name in enumerate(NAMES)
    }
    for timing in found.timings:
        assert timing.n == 2
        kept = taken[timing.model][: timing.repeats]
        assert timing.seconds == pytest.approx(sorted(kept)[len(kept) // 2])


def test_long_runs_are_not_repeated() -> None:
    ticks = count()
    found = measure(seeded_models(4, 0), words(3, 4), [2, 3], lambda: 5.0 * next(ticks))
    assert [timing.repeats for timing in found.timings] == [1] * 6


def timings(model: str, times: Sequence[float], noise: float = 1.01) -> list[Timing]:
    """Times at the lengths 1, 4, 16, 64, …, each known up to a factor."""
    return [Timing(model, 4**i, time, 9, time / noise, time * noise) for i, time in enumerate(times)]


def crossed(attention: Sequence[float], rnn: Sequence[float], noise: float = 1.01) -> list[tuple[int, int]]:
    found = crossings(timings("attention", attention, noise), timings("rnn", rnn, noise))
    return [crossing.between for crossing in found]


def test_a_crossing_is_where_lines_on_logarithmic_scales_meet() -> None:
    squares, line = [4.0 ** (2 * i) / 10 for i in range(4)], [4.0**i for i in range(4)]
    (found,) = crossings(timings("attention", squares), timings("rnn", line))
    assert found.n == pytest.approx(10)
    assert found.between == (4, 16)
    assert found.attention_faster_before
    (back,) = crossings(timings("attention", line), timings("rnn", squares))
    assert not back.attention_faster_before


@pytest.mark.parametrize(
    ("attention", "rnn", "between"),
    [
        ([1, 1, 1, 1], [2, 2, 2, 2], []),
        ([1, 1, 1, 1], [1, 1, 1, 1], []),
        ([1, 1, 3, 3], [2, 2, 2, 2], [(4, 16)]),
        ([1, 1, 2, 3, 3], [2, 2, 2, 2, 2], [(4, 64)]),  # equal in between
        ([1, 3, 3, 3], [2, 2, 2, 2], []),  # one length only before
        ([1, 1, 1, 3], [2, 2, 2, 2], []),  # one length only after
        ([1, 1, 3, 1, 1], [2, 2, 2, 2, 2], []),  # an outlier
        ([1, 1, 3, 1, 3, 3], [2, 2, 2, 2, 2, 2], [(4, 256)]),  # to and fro, and then for good
        ([1, 1, 3, 3, 1, 1], [2, 2, 2, 2, 2, 2], [(4, 16), (64, 256)]),
        ([1, 3], [2, 2], []),
        ([1], [2], []),
    ],
)
def test_a_crossing_holds_at_two_lengths_in_a_row(
    attention: list[float], rnn: list[float], between: list[tuple[int, int]]
) -> None:
    assert crossed(attention, rnn) == between
    assert crossed(rnn, attention) == between


def test_what_is_within_the_noise_is_no_crossing() -> None:
    assert crossed([1, 1, 3, 3], [2, 2, 2, 2], noise=1.2) == [(4, 16)]
    assert crossed([1, 1, 3, 3], [2, 2, 2, 2], noise=1.5) == []
    assert crossed([1, 1, 2.2, 2.2], [2, 2, 2, 2], noise=1.2) == []


@given(
    st.lists(st.floats(0.9, 1.1), min_size=14, max_size=14), st.lists(st.floats(1e-6, 1.0), min_size=7, max_size=7)
)
def test_two_models_that_are_equally_fast_never_cross(errors: list[float], times: list[float]) -> None:
    """Whatever the times, and however the noise moves the medians within the middle halves of the runs."""
    first, second = ([t * e for t, e in zip(times, errors[at : at + 7], strict=True)] for at in (0, 7))
    assert crossed(first, second, noise=1.12) == []


def test_the_middle_half_of_the_runs_is_what_a_time_is_known_by() -> None:
    runs = [1.0, 1.1, 1.2, 1.3, 9.0]
    timing = timing_of("rnn", 8, runs)
    assert (timing.seconds, timing.low, timing.high, timing.repeats) == (1.2, 1.1, 1.3, 5)
    assert timing_of("lstm", 8, [0.5, 0.6, 0.6]).faster_than(timing)
    assert not timing_of("lstm", 8, [1.0, 1.05, 1.5, 8.0]).faster_than(timing)
    assert not timing_of("lstm", 8, [0.8]).faster_than(timing)  # of one run, nobody knows
    assert timing_of("lstm", 8, [0.7]).faster_than(timing)
