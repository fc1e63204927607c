"""Curves in text: every number that was measured is in its place, and nothing is wider than the terminal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.render.page.figures import Axis, Curve, Plot
from attncli.render.page.page import Options
from attncli.render.terminal.plot import HEIGHT, legend, plot

X = Axis("x", str, marks=[(0, "0"), (10, "10")])
Y = Axis("y", lambda value: f"{value:g}", logarithmic=True)


def curve(letter: str, *points: tuple[float, float]) -> Curve:
    """A curve through points whose heights are given as base-10 logarithms."""
    x, y = np.array(points, dtype=float).T
    return Curve(letter, letter, "cyan", x, 10.0 ** y.astype(np.longdouble))


def drawn(*curves: Curve, width: int = 40, unicode: bool = True, x: Axis = X, y: Axis = Y) -> list[str]:
    return ["".join(text for text, _ in line) for line in plot(Plot(curves, x, y), width, unicode)]


def test_measured_numbers_are_capitals_and_the_line_between_them_small_letters() -> None:
    lines = drawn(curve("r", (0, 0), (10, 2)))
    assert lines[0].endswith("R")
    assert lines[HEIGHT - 1].split("│")[1].startswith("R")
    assert "".join(lines).count("R") == 2
    assert all("r" in line for line in lines[1 : HEIGHT - 1])


def test_powers_of_ten_are_named_at_their_heights() -> None:
    lines = drawn(curve("a", (0, 0), (10, 2)))
    assert lines[0].startswith("100 │")
    assert lines[HEIGHT - 1].startswith("  1 │")
    assert lines[-1].split() == ["0", "10"]


def test_a_linear_axis_has_ticks_at_equal_distances() -> None:
    linear = Axis("y", lambda value: f"{value:g}")
    lines = drawn(Curve("a", "a", "cyan", np.array([0.0, 10]), np.array([-3.0, 9])), y=linear)
    names = [float(name) for line in lines[:HEIGHT] if (name := line.split("│")[0].strip())]
    assert names == [10, 5, 0, -5]
    assert "A" in lines[1] or "A" in lines[2]


def test_a_logarithmic_x_axis_puts_doublings_at_equal_distances() -> None:
    x = Axis("n", str, logarithmic=True, marks=[(float(n), str(n)) for n in (1, 2, 4)])
    (line,) = {line.split("│")[1] for line in drawn(_flat(1, 2, 4), x=x) if "A" in line}
    places = [place for place, char in enumerate(line) if char == "A"]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=1)


def test_an_axis_without_marks_of_its_own_gets_some() -> None:
    for logarithmic in (False, True):
        x = Axis("x", lambda value: f"{value:g}", logarithmic=logarithmic)
        marks = [float(name) for name in drawn(_flat(1, 5, 10), x=x)[-1].split()]
        assert marks[0] >= 1
        assert marks[-1] == 10
        assert len(marks) >= 3


def _flat(*x: float) -> Curve:
    return Curve("attention", "a", "cyan", np.array(x, dtype=float), np.ones(len(x)))


def test_measured_numbers_that_meet_become_a_star_and_no_line_hides_one() -> None:
    rising, falling, same = curve("r", (0, 0), (10, 2)), curve("l", (0, 2), (10, 0)), curve("a", (10, 2))
    lines = drawn(rising, falling, same)
    assert lines[0].endswith("*")
    assert lines[0].split("│")[1].startswith("L")
    over = drawn(curve("r", (0, 0), (10, 2)), curve("l", (5, 1), (10, 0)))
    assert "L" in "".join(over)  # in the middle of the other's line


def test_what_cannot_be_drawn_is_left_out() -> None:
    lines = drawn(curve("r", (0, -np.inf), (5, 1), (10, 2)), curve("l", (0, -np.inf)))
    assert "".join(lines).count("R") == 2
    assert "L" not in "".join(lines)
    nothing = drawn(curve("l", (0, -np.inf), (10, -np.inf)))
    assert "L" not in "".join(nothing)


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="float64 is the widest float here")
def test_heights_beyond_float64_have_names() -> None:
    lines = drawn(curve("r", (0, -1000), (10, 1000)))
    names = [name for line in lines[:HEIGHT] if (name := line.split("│")[0].strip())]
    assert any(name.startswith("1e") and int(name[2:]) > 308 for name in names)
    assert lines[0].endswith("R")


def test_without_unicode_the_axes_are_plain() -> None:
    assert "".join(drawn(curve("r", (0, 0), (10, 2)), unicode=False)).isascii()


def test_the_legend_names_each_letter() -> None:
    block = Plot([_flat(1, 2)], X, Y, "what is drawn")
    assert legend(block, Options()).plain == "A attention  * several  what is drawn"


points = st.lists(st.tuples(st.floats(0, 1000), st.floats(-300, 300)), min_size=1, max_size=12)


@given(st.lists(points, min_size=1, max_size=3), st.integers(30, 120))
def test_any_curves_fit_and_show_each_number(given_: list[list[tuple[float, float]]], width: int) -> None:
    curves = [curve(letter, *some) for letter, some in zip("rla", given_, strict=False)]
    x = Axis("x", str, marks=[(0, "0"), (1000, "1000")])
    lines = drawn(*curves, width=width, x=x, y=Axis("y", lambda value: f"{value:.0e}", logarithmic=True))
    assert max(map(len, lines)) <= width
    field = "".join(line.split("│")[1] for line in lines[:HEIGHT])
    for made in curves:
        assert made.letter.upper() in field or "*" in field
