"""Numbers as people read them."""

from __future__ import annotations

from attncli.render.page.numbers import amount, factor, number, percent, plain, rounded, seconds, signed


def test_numbers_keep_what_matters() -> None:
    assert [amount(v, 4) for v in (0, 1.23456, 0.00123, 0.000123, 2e7)] == [
        "0",
        "1.2346",
        "0.0012",
        "1.2e-04",
        "2.0e+07",
    ]
    assert [seconds(v) for v in (2.5, 0.012345, 9.9999e-4, 3.2e-5, 5e-9)] == [
        "2.5 s",
        "12.3 ms",
        "1 ms",
        "32 µs",
        "5 ns",
    ]
    assert [plain(v) for v in (1e-7, 0.002, 0.5, 20, 5000, 1e4)] == ["1e-7", "0.002", "0.5", "20", "5000", "1e4"]
    assert [rounded(v) for v in (7, 98400, 1234567)] == ["7", "98.4 k", "1.23 M"]
    assert [factor(v) for v in (0.58249, 1, 123, 0)] == ["0.582", "1.00", "123", "0.00"]
    assert [percent(v) for v in (0.3333, 0.0123, 2.4e-16)] == ["33 %", "1.2 %", "2.4e-14 %"]


def test_exactly_zero_differs_from_what_rounds_to_it() -> None:
    assert [number(v, 2) for v in (0.0, 0.001, -0.001, 12.345, 2e7)] == ["0", "0.00", "-0.00", "12.35", "2.00e+07"]
    assert [signed(v, 1) for v in (0.0, 1.0, -1.0)] == ["0", "+1.0", "-1.0"]
