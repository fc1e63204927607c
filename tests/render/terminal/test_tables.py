"""Number tables, items and bars at a terminal: numbers stay whole, and what does not fit goes below."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from attncli.render.page.figures import BarChart, Bars, Column, Item, Items, Table
from attncli.render.page.page import Options
from attncli.render.terminal import bar_chart, items, number_table


def printed(show: object, block: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    show(block, console, Options())  # type: ignore[operator]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def table(columns: int, *, spare: bool = False, bars: bool = False) -> Table:
    numbers = [
        Column(f"n{i}", [f"{i}.0000", f"{i}.5000", f"{i}.9999"], spare=spare and i > 1) for i in range(columns)
    ]
    return Table([Column("", ["a", "b", "Σ"], "label"), *numbers], Bars([1, 2, None]) if bars else None, 1)


@pytest.mark.parametrize("width", [30, 40, 80])
def test_columns_that_do_not_fit_go_into_further_tables(width: int) -> None:
    lines = printed(number_table.show, table(9), width)
    assert max(map(cell_len, lines)) <= width
    assert sum(line.startswith("╭") for line in lines) == {30: 3, 40: 3, 80: 1}[width]
    for i in range(9):
        assert any(f"{i}.9999" in line for line in lines)


def test_spare_columns_are_left_out_before_a_table_is_split() -> None:
    lines = printed(number_table.show, table(9, spare=True), 40)
    assert sum(line.startswith("╭") for line in lines) == 1
    assert "1.0000" in "".join(lines)
    assert "8.0000" not in "".join(lines)


def test_totals_are_set_apart_and_bars_stand_beside() -> None:
    lines = printed(number_table.show, table(2, bars=True), 60)
    assert [line[0] for line in lines] == list("╭│├││├│╰")
    assert lines[4].count("█") == 2 * lines[3].count("█") == 16


def test_a_number_wider_than_the_terminal_stays_whole() -> None:
    number = "1" * 50
    lines = printed(number_table.show, Table([Column("", ["a"], "label"), Column("n", [number])]), 30)
    assert any(number in line for line in lines)


def entries(count: int, tight: bool) -> list[list[Item]]:
    equals = "=" if tight else " = "
    return [[[(f"{i}", None), (f"{equals}{row}", None)] for i in range(count)] for row in range(2)]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_items_stand_side_by_side_and_fill_the_last_line(width: int) -> None:
    lines = printed(items.show, Items(["a", "b"], entries, 4), width)
    assert max(map(cell_len, lines)) <= width
    counts = [line.split("│")[2].count("=") for line in lines if line.startswith("│")]
    assert len(set(counts)) == 1
    assert sum(counts) >= 2 * 4
    assert counts[0] >= width // 10


def test_negative_bars_run_to_the_left_of_the_zero_line() -> None:
    values = [-2.0, -1, 0, 1, 2]
    chart = BarChart([Column("distance", list("01234")), Column("mean", [str(value) for value in values])], values)
    header, *lines = printed(bar_chart.show, chart, 40)
    assert header.split() == ["distance", "mean"]
    bars = [line[len(header) + 2 :] for line in lines]
    zero = max(len(bar.rstrip()) for bar in bars[:2])
    assert bars[0].strip() == "█" * zero
    assert bars[1] == " " * (zero // 2) + "█" * (zero // 2)
    assert bars[2].strip() == ""
    assert bars[4] == " " * zero + "█" * zero
    assert max(map(cell_len, lines)) <= 40
