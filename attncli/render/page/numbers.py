"""Numbers as text, for people."""

from __future__ import annotations


def number(value: float, precision: int) -> str:
    """A number with `precision` digits after the point. Exactly zero is `0`, unlike a small number that rounds to
    zero; from ten million on, numbers have a power of ten."""
    if value == 0:
        return "0"
    return f"{value:.{precision}f}" if abs(value) < 1e7 else f"{value:.{precision}e}"
