"""Which columns of a matrix are shown where not all fit."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

from attncli.render.page.blocks import Matrix
from attncli.render.page.page import Options
from attncli.render.terminal.grid import show

LABELS = [f"{key} ␣token" for key in range(10)]


def printed(matrix: Matrix, width: int, **options: object) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    show(matrix, console, Options(**options))  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def of_keys(values: np.ndarray, weights: bool = True) -> Matrix:
    """A matrix whose columns are keys; those with the largest sums matter most."""

    def importance(rows: Sequence[int]) -> np.ndarray:
        return values[list(rows)].sum(axis=0)

    rows, columns = LABELS[: len(values)], LABELS[: values.shape[1]]
    return Matrix("weights", "", values, rows, columns, None, weights, importance)


def keys(lines: list[str]) -> list[int]:
    """The keys that a table shows."""
    return [int(key) for key in re.findall(r"(\d+) ␣", lines[2])]


def test_eight_keys_fit_eighty_columns() -> None:
    values = np.full((8, 8), 0.125)
    lines = printed(of_keys(values), 80)
    assert keys(lines) == list(range(8))
    assert max(map(len, lines)) <= 80
    assert lines[4].count("0.1250") == 8
    assert lines[-1].startswith("╰")


def test_fewer_digits_are_said_and_never_taken_from_who_asked_for_them() -> None:
    values = np.full((8, 8), -98.76543)
    lines = printed(of_keys(values, weights=False), 80)
    assert keys(lines) == list(range(8))
    assert lines[4].count("-98.765 ") == 8
    assert lines[-1] == "3 digits after the point, so that every key fits: --precision 4 shows 4"
    asked = printed(of_keys(values, weights=False), 80, exact=True)
    assert asked[4].count("-98.7654") == len(keys(asked)) < 8
    assert printed(of_keys(values, weights=False), 80, full=True)[4].count("-98.7654") == 8


@pytest.mark.parametrize("width", [30, 40, 50, 60])
def test_the_heaviest_keys_stay_in_their_order(width: int) -> None:
    weights = np.array([[0.05, 0.02, 0.3, 0.01, 0.04, 0.4, 0.03, 0.08, 0.06, 0.01]])
    lines = printed(of_keys(weights), width)
    shown = keys(lines)
    by_weight = np.argsort(-weights[0], kind="stable")[: len(shown)].tolist()
    assert shown == sorted(by_weight)
    assert 5 in shown
    bounds = [-1, *shown, 10]
    assert lines[4].count("⋯") == sum(b > a + 1 for a, b in pairwise(bounds))
    said = " ".join(lines[6:])
    assert said == f"{len(shown)} of 10 keys, those with the most weight; --full shows all"


def test_the_rows_that_are_shown_decide() -> None:
    values = np.zeros((2, 10))
    values[0, 1] = values[1, 8] = 1
    assert keys(printed(of_keys(values[:1]), 34))[0] == 1
    assert 8 in keys(printed(of_keys(values[1:]), 34))


def test_other_columns_are_left_out_in_the_middle() -> None:
    values = np.arange(20.0)[None]
    lines = printed(Matrix("x", "", values, ["row"], [str(i) for i in range(20)]), 60)
    assert re.search(r"⋯ \d+ more", lines[2])
    assert lines[2].split()[2] == "0"
    assert "19" in lines[2]
