"""Numbers as text, for people."""

from __future__ import annotations

PREFIXES = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def number(value: float, precision: int) -> str:
    """A number with `precision` digits after the point. Exactly zero is `0`, unlike a small number that rounds to
    zero; from ten million on, numbers have a power of ten."""
    if value == 0:
        return "0"
    return f"{value:.{precision}f}" if abs(value) < 1e7 else f"{value:.{precision}e}"


def signed(value: float, precision: int) -> str:
    """A number with its sign. Zero has none."""
    text = number(value, precision)
    return f"+{text}" if value > 0 else text


def amount(value: float, precision: int) -> str:
    """A number of any size, not negative: with a power of ten where `precision` digits after the point would not
    show it."""
    if value == 0:
        return "0"
    if not 1e-3 <= value < 1e5:
        return f"{value:.{max(precision - 3, 0)}e}"
    return f"{value:.{precision}f}"


def seconds(value: float) -> str:
    """A time, to three digits: 12.3 µs."""
    unit, name = next(((u, name) for u, name in PREFIXES if value >= 0.9995 * u), PREFIXES[-1])
    return f"{float(f'{value / unit:.3g}'):g} {name}"


def plain(value: float) -> str:
    """A number of one digit (1, 2 or 5 times a power of ten) in its shortest form: 0.002, 50, 1e-7."""
    if 1e-3 <= value < 1e4:
        return f"{value:.1g}" if value < 1 else f"{value:.0f}"
    digit, power = f"{value:.0e}".split("e")
    return f"{digit}e{int(power)}"


def rounded(count: int) -> str:
    """A count, to three digits: 98.4 k, 1.23 M."""
    for size, name in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{float(f'{count / size:.3g}'):g} {name}"
    return str(count)


def factor(value: float) -> str:
    """A factor, to three digits: 0.582, 1.00."""
    return f"{value:#.3g}".removesuffix(".")


def percent(fraction: float) -> str:
    """A fraction in percent, to two digits: 33 %, 2.4e-14 %."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"
