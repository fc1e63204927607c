"""Curves in text: every number that was measured is at its place, and nothing is wider than the terminal."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attncli.render.plot import HEIGHT, Axes, Cell, Curve, plot


def curve(letter: str, *points: tuple[float, float]) -> Curve:
    x, y = np.array(points, dtype=float).T
    return Curve(letter, "cyan", x, y)


def drawn(lines: list[list[Cell]]) -> list[str]:
    return ["".join(cell for cell, _ in line) for line in lines]


AXES = Axes([(0, "0"), (10, "10")], lambda value: f"{value:g}")


def test_measured_numbers_are_large_letters_and_the_way_between_them_small() -> None:
    lines = drawn(plot([curve("r", (0, 0), (10, 2))], AXES, 40))
    assert lines[0].endswith("R")
    assert lines[HEIGHT - 1].split("│")[1].startswith("R")
    assert "".join(lines).count("R") == 2
    assert all("r" in line for line in lines[1 : HEIGHT - 1])


def test_powers_of_ten_are_named_at_their_heights() -> None:
    lines = drawn(plot([curve("a", (0, 0), (10, 2))], AXES, 40))
    assert lines[0].startswith("100 │")
    assert lines[HEIGHT - 1].startswith("  1 │")
    assert lines[-1].split() == ["0", "10"]


def test_where_measured_numbers_meet_is_a_star_and_no_line_hides_one() -> None:
    rising, falling, same = curve("r", (0, 0), (10, 2)), curve("l", (0, 2), (10, 0)), curve("a", (10, 2))
    lines = drawn(plot([rising, falling, same], AXES, 40))
    assert lines[0].endswith("*")
    assert lines[0].split("│")[1].startswith("L")
    over = drawn(plot([curve("r", (0, 0), (10, 2)), curve("l", (5, 1), (10, 0))], AXES, 40))
    assert "L" in "".join(over)  # in the middle of the other's line


def test_what_is_infinite_is_left_out() -> None:
    lines = drawn(plot([curve("r", (0, -np.inf), (5, 1), (10, 2)), curve("l", (0, -np.inf))], AXES, 40))
    assert "".join(lines).count("R") == 2
    assert "L" not in "".join(lines)
    nothing = drawn(plot([curve("l", (0, -np.inf), (10, -np.inf))], AXES, 40))
    assert "L" not in "".join(nothing)


def test_without_unicode_the_axes_are_plain() -> None:
    assert "".join(drawn(plot([curve("r", (0, 0), (10, 2))], AXES, 40, unicode=False))).isascii()


points = st.lists(st.tuples(st.floats(0, 1000), st.floats(-300, 300)), min_size=1, max_size=12)


@given(st.lists(points, min_size=1, max_size=3), st.integers(30, 120))
def test_any_curves_fit_and_show_each_number(given_: list[list[tuple[float, float]]], width: int) -> None:
    curves = [curve(letter, *some) for letter, some in zip("rla", given_, strict=False)]
    lines = drawn(plot(curves, Axes([(0, "0"), (1000, "1000")], lambda value: f"{value:.0e}"), width))
    assert max(map(len, lines)) <= width
    field = "".join(line.split("│")[1] for line in lines[:HEIGHT])
    for made in curves:
        assert made.letter.upper() in field or "*" in field
