"""The numbers of a vector, and the products of a query with its keys, as items that stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from attncli.formula.types import Array, Index
from attncli.insights.worked_example import WorkedExample
from attncli.render.page.blocks import QUIET, STRONG
from attncli.render.page.figures import NEGATIVE, POSITIVE, Item, Items
from attncli.render.page.numbers import number, signed
from attncli.render.page.page import Options
from attncli.stages.names import SCORES

PRODUCTS = 3
"""How many products of each key are written out at least, if there are so many."""
NUMBERS = 64
"""How many numbers of a vector are shown at least, if there are so many."""
KEY_NUMBERS = 8
"""How many numbers of each key, where there are several: more than products, which need them."""


def vector(name: str, values: Array, order: Index, options: Options) -> Items:
    """The numbers of a vector [d], each after its index. Where there is no room for all, those that come first in
    `order` (all indices, those that later lines need first)."""
    return Items([name], lambda count, tight: [_numbers(values, order, count, options)], NUMBERS)


def key_vectors(example: WorkedExample, keys: Index, labels: Sequence[str], options: Options) -> Items:
    """The vector of each key: all its numbers, or those of its largest products."""
    orders = by_product(example, keys)

    def items(count: int, tight: bool) -> list[list[Item]]:
        return [
            _numbers(example.k.values[key], order, count, options) for key, order in zip(keys, orders, strict=True)
        ]

    return Items(labels, items, KEY_NUMBERS)


def _numbers(values: Array, order: Index, count: int, options: Options) -> list[Item]:
    """At most `count` numbers of a vector, by their index; the last says how many are left out, if any."""
    whole, width = options.full or len(values) <= count, len(str(len(values) - 1))
    shown = sorted(map(int, order if whole else order[: count - 1]))
    numbers: list[Item] = [
        [(f"{i:>{width}}", QUIET), (" " + number(float(values[i]), options.precision), None)] for i in shown
    ]
    more = options.say("{count} more", count=len(values) - len(shown))
    return numbers if whole else [*numbers, [(f"⋯ {more}", QUIET)]]


def by_size(values: Array) -> Index:
    """The indices of numbers, the largest first, whatever their sign."""
    return np.argsort(-np.abs(values), kind="stable")


def by_product(example: WorkedExample, keys: Index) -> list[Index]:
    """The indices of the products q_i k_i of each key, the largest first."""
    return [by_size(example.products[key]) for key in keys]


def by_best_place(orders: Sequence[Index]) -> Index:
    """The indices, in the order of the first place that each has in one of several orders."""
    return np.argsort(np.min([np.argsort(order) for order in orders], axis=0), kind="stable")


def products(example: WorkedExample, keys: Index, labels: Sequence[str], options: Options) -> Items:
    """The largest products q_i k_i of each key, each after its i; then the sum of the others, and the score."""
    d, scores = len(example.q.values), example.step(SCORES)
    orders = by_product(example, keys)

    def items(count: int, tight: bool) -> list[list[Item]]:
        shown = d if options.full or d <= count else count - 1  # leaves out two at least, or none
        return [
            [*factors, _sum(example.products[key], order[shown:], float(scores[key]), options)]
            for key, order, factors in zip(keys, orders, written_out(shown, tight), strict=True)
        ]

    def written_out(shown: int, tight: bool) -> list[list[Item]]:
        """The largest products of each key. All numbers are padded alike, so that they line up."""
        pairs = [(key, i) for key, order in zip(keys, orders, strict=True) for i in order[:shown]]
        q = _padded(number(float(example.q.values[i]), options.precision) for _, i in pairs)
        k = _padded(number(float(example.k.values[key, i]), options.precision) for key, i in pairs)
        product = _padded(signed(float(example.products[key, i]), options.precision) for key, i in pairs)
        times, equals = ("×", "=") if tight else (" × ", " = ")
        factors: list[Item] = [
            [
                (f"{i:>{len(str(d - 1))}}", QUIET),
                (f" {q[place]}{times}{k[place]}{equals}", None),
                (product[place], NEGATIVE if example.products[key, i] < 0 else POSITIVE),
            ]
            for place, (key, i) in enumerate(pairs)
        ]
        return [factors[start : start + shown] for start in range(0, len(factors), shown)]

    return Items(labels, items, PRODUCTS + 1)


def _sum(values: Array, others: Index, score: float, options: Options) -> Item:
    """The sum of the other products, if there are any, and the score."""
    total: Item = [(f" = {signed(score, options.precision)}", STRONG)]
    if not len(others):
        return [("", None), *total]
    rest = signed(float(values[others].sum(dtype=np.float64)), options.precision)
    return [(options.say("{count} more", count=len(others)), QUIET), (f" {rest}", None), *total]


def _padded(texts: Iterable[str]) -> list[str]:
    """Texts flush right, all as wide as the widest."""
    all_texts = list(texts)
    width = max(map(len, all_texts))
    return [text.rjust(width) for text in all_texts]
