"""The numbers of a vector, and the products of a query and its keys, as items that stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from attncli.formula.types import Array, Index
from attncli.insights.worked import Worked
from attncli.render.matrices import middle_out, number
from attncli.render.page.page import Options
from attncli.render.sheets import NEGATIVE, POSITIVE, Flow, Item
from attncli.render.terminal.grid import QUIET, STRONG

PRODUCTS = 3
"""Of each key, how many products are written out at least, where there are more."""
NUMBERS = 64
"""How many numbers of a vector are shown at least, before its middle is left out."""


def vector(name: str, values: Array, options: Options) -> Flow:
    """The numbers of a vector, each after its index."""
    width = len(str(len(values) - 1))

    def items(count: int, tight: bool) -> list[list[Item]]:
        shown, left_out = middle_out(len(values), len(values) if options.full else count)
        made: list[Item] = [
            [(f"{i:>{width}}", QUIET), (" " + number(float(values[i]), options.precision), None)] for i in shown
        ]
        if left_out:  # in the place of one of them
            made[(len(shown) + 1) // 2 - 1] = [(f"⋯ {options.say('{count} more', count=left_out + 1)}", QUIET)]
        return [made]

    return Flow([name], items, NUMBERS)


def products(row: Worked, keys: Index, labels: Sequence[str], options: Options) -> Flow:
    """Of each key the largest products q_i k_i, each after its i; then what the others add up to, and the sum."""
    d, scores = len(row.q.values), row.step("scores")
    orders = [np.argsort(-np.abs(row.products[key]), kind="stable") for key in keys]

    def items(count: int, tight: bool) -> list[list[Item]]:
        first = d if options.full or d < count else count - 1
        return [
            [*factors, _sum(row.products[key], order[first:], float(scores[key]), options)]
            for key, order, factors in zip(keys, orders, written(first, tight), strict=True)
        ]

    def written(first: int, tight: bool) -> list[list[Item]]:
        """The largest products of each key; all their numbers are padded alike, so that they line up."""
        places = [(key, i) for key, order in zip(keys, orders, strict=True) for i in order[:first]]
        q = _padded(number(float(row.q.values[i]), options.precision) for _, i in places)
        k = _padded(number(float(row.k.values[key, i]), options.precision) for key, i in places)
        p = _padded(signed(float(row.products[key, i]), options.precision) for key, i in places)
        times, equals = ("×", "=") if tight else (" × ", " = ")
        made: list[Item] = [
            [
                (f"{i:>{len(str(d - 1))}}", QUIET),
                (f" {q[place]}{times}{k[place]}{equals}", None),
                (p[place], NEGATIVE if row.products[key, i] < 0 else POSITIVE),
            ]
            for place, (key, i) in enumerate(places)
        ]
        return [made[start : start + first] for start in range(0, len(made), first)]

    return Flow(labels, items, PRODUCTS + 1)


def _sum(values: Array, others: Index, total: float, options: Options) -> Item:
    """What the others add up to, if there are any, and the sum of all."""
    sum_: Item = [(f" = {signed(total, options.precision)}", STRONG)]
    if not len(others):
        return [("", None), *sum_]
    added = signed(float(values[others].sum(dtype=np.float64)), options.precision)
    return [(options.say("{count} more", count=len(others)), QUIET), (f" {added}", None), *sum_]


def signed(value: float, precision: int) -> str:
    """A number with its sign; 0 has none."""
    text = number(value, precision)
    return f"+{text}" if value > 0 else text


def _padded(texts: Iterable[str]) -> list[str]:
    """Flush right, all as wide as the widest."""
    given = list(texts)
    width = max(map(len, given))
    return [text.rjust(width) for text in given]
