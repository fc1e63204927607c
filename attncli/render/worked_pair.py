"""A worked example of one query and one key: every product of their numbers, and what becomes of the score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attncli.insights.worked import Worked
from attncli.render.matrices import number, token_labels
from attncli.render.page.page import Options
from attncli.render.sheets import Bars, Caption, Chain, Column, Page, Section, Sheet
from attncli.render.worked_items import signed, vector
from attncli.render.worked_row import about, caption_of, share, title_of
from attncli.stages.entries import number as written
from attncli.text.language import N_

DIMENSIONS = 64
"""How many products are written out unless it is said."""


def page_of_pair(row: Worked, key: int, top: int | None, options: Options) -> Page:
    """The `top` largest products of a query and a key, and what becomes of the score."""
    label = token_labels(row.read)[key].strip()
    value = Section([caption_of(row.v)], vector("v", row.v.values[key], options))
    sections = [_neurons(row, key, None if options.full else top, options), value, _chain(row, key, options)]
    say = options.say
    return Page(f"{title_of(row, say)} · {say('key {token}', token=label)}", about(row), sections)


def _neurons(row: Worked, key: int, top: int | None, options: Options) -> Section:
    """The products, largest first, and their sum as it adds up."""
    digits, products = options.precision, row.products[key].astype(np.float64)
    order = np.argsort(-np.abs(products), kind="stable")
    shown, rest = order[:top], order[len(order) if top is None else top :]
    score, left = float(row.step("scores")[key]), float(products[rest].sum())
    one, sums = bool(len(rest)), np.cumsum([*products[shown], left])
    parts = [*(signed(float(products[i]), digits) for i in shown), *[signed(left, digits)] * one]
    columns = [
        Column("q_i", [*(number(float(row.q.values[i]), digits) for i in shown), *[""] * one, ""]),
        Column("k_i", [*(number(float(row.k.values[key, i]), digits) for i in shown), *[""] * one, ""]),
        Column("q_i k_i", [*parts, signed(score, digits)]),
        Column("Σ", [*(number(float(x), digits) for x in sums[: len(parts)]), ""], spare=True),
    ]
    bars = Bars([*(float(products[i]) for i in shown), *[None] * one, None], signed=True)
    width = len(str(len(products) - 1))
    others = options.say.counted("{count} other", "{count} others", len(rest))
    labels = [*(str(i).rjust(width) for i in shown), *[others] * one, "S"]
    what = Caption("", N_("the products of q ({q}) and k ({k}), the largest first", q=row.q.stage, k=row.k.stage))
    return Section(
        [caption_of(row.steps[0]), what], Sheet(labels, columns, bars, 1 + one, corner="i".rjust(width))
    )


def _chain(row: Worked, key: int, options: Options) -> Section:
    """From the score to what the key gives, one operation a line."""
    at = float(row.step("masked")[key])
    power, weight, length = float(row.powers[key]), float(row.weights.values[key]), float(row.lengths[key])

    def text(value: float) -> str:
        return number(value, options.precision)

    steps = [
        ("S", options.say("q · k, the sum above"), text(float(row.step("scores")[key]))),
        *((symbol, how, text(value)) for symbol, how, value in _to_softmax(row, key, options)),
        ("e^(M-max)", f"e^({minus(at, row.highest, options)})", text(power)),
        ("A", f"{text(power)} / {text(row.total)}", text(weight)),
        ("‖v‖", options.say("the root of Σ v_i²"), text(length)),
        ("A ‖v‖", f"{text(weight)} × {text(length)}", text(float(row.taken[key]))),
    ]
    captions = [*map(caption_of, row.steps[1:]), *map(caption_of, row.with_sink or ()), caption_of(row.weights)]
    return Section([*captions, Caption("", share(row, options))], Chain(steps))


def _to_softmax(row: Worked, key: int, options: Options) -> Iterator[tuple[str, str, float]]:
    """Each step from the score to what the softmax reads: its symbol, the numbers it is made of, its value."""
    values = {line.name: float(line.values[key]) for line in row.steps}

    def text(name: str) -> str:
        return number(values[name], options.precision)

    before, distance = "scores", options.say("of their distance, as the formula says")
    for line in row.steps[1:]:
        made, value = text(before), values[line.name]
        if line.name == "scaled":
            made = f"{made}{_scaling(row)}"
        elif line.name in ("content_to_position", "position_to_content"):
            yield line.symbol, distance, value
            continue
        elif line.name == "biased" and row.bias is not None:
            bias = float(row.bias[key])
            yield "B - S'", distance, bias
            made = f"{made} {plus(bias, options)}"
        elif line.name == "biased":
            parts = [n for n in ("content_to_position", "position_to_content") if n in values]
            made = " ".join([made, *(plus(values[n], options) for n in parts)])
        elif line.name == "capped":
            cap = written(row.cap or 0)
            made = f"{cap} tanh({made} / {cap})"
        elif np.isneginf(value):
            made = options.say("masked: the query may not see this key")
        yield line.symbol, made, value
        before = line.name


def _scaling(row: Worked) -> str:
    d = len(row.q.values)
    if abs(row.scale * d**0.5 - 1) < 1e-9:
        return f" / √{d}"
    return "" if row.scale == 1 else f" × {written(row.scale)}"


def plus(value: float, options: Options) -> str:
    """+ 0.5 or - 0.5."""
    return f"{'-' if value < 0 else '+'} {number(abs(value), options.precision)}"


def minus(value: float, other: float, options: Options) -> str:
    """value - other, without two signs in a row."""
    return f"{number(value, options.precision)} {plus(-other, options)}"
