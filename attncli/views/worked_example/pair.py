"""One query and one key: every product of their numbers, and the way from the score to the output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attncli.formula.types import Index
from attncli.insights.worked_example import WorkedExample
from attncli.language import N_
from attncli.render.page.blocks import Note
from attncli.render.page.figures import Bars, Column, Table
from attncli.render.page.numbers import number, signed
from attncli.render.page.page import Block, Options
from attncli.stages.entries import number as formula_number
from attncli.stages.names import BIASED, CAPPED, CONTENT_TO_POSITION, MASKED, POSITION_TO_CONTENT, SCALED, SCORES
from attncli.views.worked_example.captions import formula, heading, softmax_note
from attncli.views.worked_example.items import by_product, by_size, vector


def pair_blocks(example: WorkedExample, key: int, top: int | None, options: Options) -> Iterator[Block]:
    """The `top` largest products of a query and a key (None: all), the key's value, and the steps from the score
    to what the key adds to the output."""
    (order,) = by_product(example, np.array([key]))
    v = example.v.values[key]
    yield heading(example, key)
    yield formula(example.q)
    yield vector("q", example.q.values, order, options)
    yield formula(example.k)
    yield vector("k", example.k.values[key], order, options)
    yield formula(example.steps[0])
    yield Note(N_("products of q and k, the largest first"))
    yield _products(example, key, order, top, options)
    yield formula(example.v)
    yield vector("v", v, by_size(v), options)
    yield from map(formula, (*example.steps[1:], *(example.with_sink or ()), example.weights))
    yield softmax_note(example, options)
    yield _steps(example, key, options)


def _products(example: WorkedExample, key: int, order: Index, top: int | None, options: Options) -> Table:
    """The products, the largest first, and their sum as it adds up."""
    products, q, k = example.products[key].astype(np.float64), example.q.values, example.k.values[key]
    shown, others = (order, order[:0]) if top is None else (order[:top], order[top:])
    rest = [float(products[others].sum())] if len(others) else []
    terms = [*map(float, products[shown]), *rest]
    width, empty = len(str(len(products) - 1)), [""] * (len(rest) + 1)
    label = [options.say.counted("{count} other", "{count} others", len(others))] * len(rest)

    def text(value: float) -> str:
        return number(float(value), options.precision)

    score = signed(float(example.step(SCORES)[key]), options.precision)
    columns = [
        Column("i".rjust(width), [*(str(i).rjust(width) for i in shown), *label, "S"], "label"),
        Column("q_i", [*map(text, q[shown]), *empty]),
        Column("k_i", [*map(text, k[shown]), *empty]),
        Column("q_i k_i", [*(signed(term, options.precision) for term in terms), score]),
        Column("Σ", [*map(text, np.cumsum(terms)), ""], spare=True),
    ]
    bars = Bars([*map(float, products[shown]), *[None] * len(empty)], signed=True)
    return Table(columns, bars, len(empty))


def _steps(example: WorkedExample, key: int, options: Options) -> Table:
    """From the score to what the key adds to the output, one operation a line."""
    masked, power = float(example.step(MASKED)[key]), float(example.powers[key])
    weight, length = float(example.weights.values[key]), float(example.lengths[key])

    def text(value: float) -> str:
        return number(value, options.precision)

    steps = [
        ("S", N_("q · k, the sum above"), text(float(example.step(SCORES)[key]))),
        *((symbol, how, text(value)) for symbol, how, value in _to_softmax(example, key, options)),
        ("e^(M-max)", f"e^({minus(masked, example.max_score, options)})", text(power)),
        ("A", f"{text(power)} / {text(example.total)}", text(weight)),
        ("‖v‖", "√(Σ v_i²)", text(length)),
        ("A ‖v‖", f"{text(weight)} × {text(length)}", text(float(example.taken[key]))),
    ]
    symbols, hows, values = zip(*steps, strict=True)
    return Table([Column("", symbols, "label"), Column("", hows, "words"), Column("", values)], header=False)


def _to_softmax(example: WorkedExample, key: int, options: Options) -> Iterator[tuple[str, str, float]]:
    """Each step from the score to the input of the softmax: its symbol, how it is computed, its value."""
    values = {step.name: float(step.values[key]) for step in example.steps}

    def text(name: str) -> str:
        return number(values[name], options.precision)

    before, distance = SCORES, N_("from the distance between the tokens, by the formula above")
    for step in example.steps[1:]:
        how, value = text(before), values[step.name]
        if step.name == SCALED:
            how += _scaling(example)
        elif step.name in (CONTENT_TO_POSITION, POSITION_TO_CONTENT):
            yield step.symbol, distance, value
            continue
        elif step.name == BIASED and example.bias is not None:
            bias = float(example.bias[key])
            yield "B - S'", distance, bias
            how += f" {plus(bias, options)}"
        elif step.name == BIASED:
            added = [name for name in (CONTENT_TO_POSITION, POSITION_TO_CONTENT) if name in values]
            how = " ".join([how, *(plus(values[name], options) for name in added)])
        elif step.name == CAPPED:
            cap = formula_number(example.cap or 0)
            how = f"{cap} tanh({how} / {cap})"
        elif np.isneginf(value):
            how = N_("masked: this query cannot attend to this key")
        yield step.symbol, how, value
        before = step.name


def _scaling(example: WorkedExample) -> str:
    d = len(example.q.values)
    if abs(example.scale * d**0.5 - 1) < 1e-9:
        return f" / √{d}"
    return "" if example.scale == 1 else f" × {formula_number(example.scale)}"


def plus(value: float, options: Options) -> str:
    """+ 0.5 or - 0.5."""
    return f"{'-' if value < 0 else '+'} {number(abs(value), options.precision)}"


def minus(value: float, other: float, options: Options) -> str:
    """value - other, without two signs in a row."""
    return f"{number(value, options.precision)} {plus(-other, options)}"
