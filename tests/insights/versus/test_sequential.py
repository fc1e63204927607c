"""Sequential work: operations, times, and crossings."""

from __future__ import annotations

from itertools import count

import pytest

from attncli.insights.versus.models import NAMES, seeded_models
from attncli.insights.versus.sequential import REPEATS, crossings, measure, operations, steps
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


def test_a_crossing_is_where_lines_on_logarithmic_scales_meet() -> None:
    lengths = [1, 4, 16, 64]
    (found,) = crossings("rnn", lengths, [n**2 / 10 for n in lengths], [float(n) for n in lengths])
    assert found.n == pytest.approx(10)
    assert found.between == (4, 16)
    assert found.attention_faster_before
    (back,) = crossings("rnn", lengths, [float(n) for n in lengths], [n**2 / 10 for n in lengths])
    assert not back.attention_faster_before
    assert crossings("rnn", lengths, [1.0] * 4, [2.0] * 4) == []
    assert crossings("rnn", lengths, [1.0] * 4, [1.0] * 4) == []
    (touched,) = crossings("rnn", lengths, [1.0, 2, 2, 4], [2.0, 2, 2, 1])
    assert touched.between == (1, 64)
