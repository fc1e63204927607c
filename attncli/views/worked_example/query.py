"""From the query to the output: a query's row of a head, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.types import Array
from attncli.insights.worked_example import KeyChoice, KeySum, WorkedExample, partial_sums, summed
from attncli.language import N_
from attncli.render.page.blocks import Formula, Note
from attncli.render.page.figures import Bars, Column, Table
from attncli.render.page.numbers import number
from attncli.render.page.page import Block, Options
from attncli.stages.names import BIASED, MASKED
from attncli.views.subject import token_labels
from attncli.views.worked_example.captions import formula, heading, softmax_note
from attncli.views.worked_example.items import by_best_place, by_product, by_size, key_vectors, products, vector

OUTPUTS = 6
"""How many numbers of the output are added up key by key, where there is room."""


def query_blocks(example: WorkedExample, choice: KeyChoice, options: Options) -> Iterator[Block]:
    """The formula and the numbers of each stage, with the chosen keys written out."""
    shown = Shown.of(example, choice, options)
    allowed = shown.allowed
    yield heading(example)
    yield formula(example.q)
    yield vector("q", example.q.values, by_best_place(by_product(example, choice.keys)), options)
    yield formula(example.k)
    yield key_vectors(example, choice.keys, shown.labels, options)
    yield from _products(shown)
    yield from _steps(shown)
    yield from _softmax(shown)
    yield from _contributions(allowed)
    yield from _output_sums(allowed)
    yield Formula("z", N_("the output of this head for this query"))
    yield vector("z", example.mixed.values, by_size(example.mixed.values), options)


@dataclass(frozen=True, eq=False)
class Shown:
    """An example, the keys that are written out with their labels, and the other keys as one."""

    example: WorkedExample
    choice: KeyChoice
    options: Options
    others: KeySum
    labels: list[str]

    @staticmethod
    def of(example: WorkedExample, choice: KeyChoice, options: Options) -> Shown:
        names = token_labels(example.key_tokens)
        return Shown(example, choice, options, summed(example, choice.others), [names[key] for key in choice.keys])

    @property
    def allowed(self) -> Shown:
        """The same without the keys that the mask hides."""
        keys = np.intersect1d(self.choice.keys, self.example.allowed)
        return Shown.of(self.example, replace(self.choice, keys=keys), self.options)

    @property
    def others_label(self) -> list[str]:
        """The label of the line for the other keys, if there are any."""
        count = self.others.count
        return [self.options.say.counted("{count} other", "{count} others", count)] if count else []

    def text(self, value: float) -> str:
        """A number, to the precision of the options."""
        return number(value, self.options.precision)

    def column(self, title: str, values: Array, *below: str, spare: bool = False) -> Column:
        """The numbers of the keys that are written out (`values` has all), and the cells below them."""
        cells = [*(self.text(float(value)) for value in values[self.choice.keys]), *below]
        return Column(title, cells, spare=spare)


def _products(shown: Shown) -> Iterator[Block]:
    """S = q · k, by its largest products."""
    example = shown.example
    yield formula(example.steps[0])
    yield Note(
        N_(
            "q · k is the sum of {count} products q_i × k_i, each after its index i, the largest first",
            count=len(example.q.values),
        )
    )
    yield products(example, shown.choice.keys, shown.labels, shown.options)


def _steps(shown: Shown) -> Iterator[Block]:
    """From the scores to the input of the softmax."""
    example, columns = shown.example, [Column("", shown.labels, "label")]
    for step in example.steps:
        if step.name == BIASED and example.bias is not None:
            columns.append(shown.column("B - S'", example.bias))
        columns.append(shown.column(step.symbol, step.values))
    yield from map(formula, example.steps[1:])
    yield Table(columns)


def _softmax(shown: Shown) -> Iterator[Block]:
    """The powers of e, their sum, and the share of each."""
    example, sink, say = shown.example, shown.example.sink, shown.options.say
    masked, weights = len(shown.choice.masked), example.weights.values
    totals = [
        *((label, "", shown.others.power, shown.others.weight) for label in shown.others_label),
        *([(say("{count} masked", count=masked), "-inf", 0.0, 0.0)] if masked else []),
        *([(say("sink"), shown.text(sink.score), sink.power, sink.weight)] if sink else []),
        ("Σ", "", example.total, float(weights.sum(dtype=np.float64)) + (sink.weight if sink else 0)),
    ]  # label, score, power, weight
    columns = [
        Column("", [*shown.labels, *(label for label, *_ in totals)], "label"),
        shown.column("M", example.step(MASKED), *(score for _, score, *_ in totals), spare=True),
        shown.column("e^(M-max)", example.powers, *(shown.text(power) for _, _, power, _ in totals)),
        shown.column("A", weights, *(shown.text(weight) for *_, weight in totals)),
    ]
    chosen = weights[shown.choice.keys]
    bars = Bars([*map(float, chosen), *(weight for *_, weight in totals[:-1]), None], 1.0)
    yield from map(formula, (*(example.with_sink or ()), example.weights))
    yield softmax_note(example, shown.options)
    yield Table(columns, bars, len(totals), int(np.argmax(chosen)) if len(chosen) > 1 else None)


def _contributions(shown: Shown) -> Iterator[Block]:
    """A ‖v‖ of each key."""
    example, others, label = shown.example, shown.others, shown.others_label
    below = [[shown.text(value)] * len(label) for value in (others.weight, others.length, others.taken)]
    columns = [
        Column("", [*shown.labels, *label], "label"),
        shown.column("A", example.weights.values, *below[0]),
        shown.column("‖v‖", example.lengths, *below[1]),
        shown.column("A ‖v‖", example.taken, *below[2]),
    ]
    values = [*map(float, example.taken[shown.choice.keys]), *[others.taken] * len(label)]
    average = N_("for the others, ‖v‖ is the average weighted by A") if label else ""
    yield Formula("A ‖v‖", N_("what each key adds to the output: its weight times the norm of its value"), average)
    yield Table(columns, Bars(values), len(label), int(np.argmax(values)) if len(values) > 1 else None)


def _output_sums(shown: Shown) -> Iterator[Block]:
    """The largest numbers of the output, as they add up key by key."""
    example, others, label = shown.example, shown.others, shown.others_label
    z, sums = example.mixed.values, partial_sums(example, shown.choice)  # [d_value], [key + 1, d_value]
    lines, full = len(shown.labels) + len(label), shown.options.full
    columns = [
        Column("", [*shown.labels, *label, "z"], "label"),
        shown.column("A", example.weights.values, *[shown.text(others.weight)] * len(label), ""),
    ]
    order = by_size(z)
    for rank, i in enumerate(map(int, order if full else order[:OUTPUTS])):
        average = [shown.text(float(others.v[i]))] * len(label)
        so_far = [shown.text(float(total)) for total in sums[:lines, i]]
        columns += [
            shown.column(f"v_{i}", example.v.values[:, i], *average, "", spare=rank > 0 and not full),
            Column(f"z_{i}", [*so_far, shown.text(float(z[i]))], joined=True),
        ]
    how = N_(
        "each of the {count} numbers z_i starts at 0 and each key adds A × v_i; the largest first", count=len(z)
    )
    average_note = N_("for the others, v_i is the average weighted by A")
    yield formula(example.mixed)
    yield Note(how)
    yield from [Note(average_note)] if label else []
    yield Table(columns, None, 1 + len(label))
