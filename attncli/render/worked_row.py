"""A worked example in words and numbers: one query, from its vector to the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.types import Array
from attncli.insights.worked import Choice, Line, Others, Worked, adding_up, choose, others
from attncli.render.matrices import number, token_labels
from attncli.render.page.page import Options
from attncli.render.sheets import Bars, Caption, Column, Page, Section, Sheet
from attncli.render.vocabulary import SINK
from attncli.render.worked_items import products, vector
from attncli.text.language import N_, Say

KEYS = 12
"""How many keys are written out unless it is said."""
ADDED = 6
"""How many numbers of the output are added up from key to key, where there is room."""


def page_of_row(row: Worked, top: int | None, options: Options) -> Page:
    """From the query to the output, with the `top` keys of the largest weights written out."""
    shown = _Shown.of(row, choose(row, None if options.full else top), options)
    seen = shown.unmasked
    sections = [_query(shown), _products(shown), _steps(shown), _softmax(shown), _lengths(seen), _sums(seen)]
    return Page(title_of(row, options.say), about(row), [*sections, _output(shown)])


def title_of(row: Worked, say: Say) -> str:
    """Which attention, head and query it is of."""
    query = token_labels(row.said)[row.query].strip()
    return f"{row.at} · {say('head {head}', head=row.head)} · {say('query {token}', token=query)}"


def about(row: Worked) -> str:
    """Whose keys and values a head reads, where several share them."""
    group = row.heads // row.kv_heads
    if group == 1:
        return ""
    first = row.kv_head * group
    last = first + group - 1
    return N_(
        "keys and values are those of key/value head {head}, which heads {first} to {last} share",
        head=row.kv_head, first=first, last=last,
    )  # fmt: skip


def caption_of(line: Line) -> Caption:
    return Caption(line.formula, line.meaning, line.detail)


# ------------------------------------------------------------------ the sections


@dataclass(frozen=True, eq=False)
class _Shown:
    """A row, the keys of it that are written out, and what the others come to."""

    row: Worked
    choice: Choice
    options: Options
    others: Others
    labels: Sequence[str]

    @staticmethod
    def of(row: Worked, choice: Choice, options: Options) -> _Shown:
        names = token_labels(row.read)
        return _Shown(row, choice, options, others(row, choice.others), [names[i] for i in choice.keys])

    @property
    def strong(self) -> int | None:
        """Where the largest weight is, if there are several."""
        weights = self.row.weights.values[self.choice.keys]
        return int(np.argmax(weights)) if len(weights) > 1 else None

    @property
    def rest(self) -> list[str]:
        """The label of the line that the others are summed up in, if there are any."""
        count = self.others.count
        return [self.options.say.counted("{count} other", "{count} others", count)] if count else []

    def text(self, value: float) -> str:
        return number(value, self.options.precision)

    def column(self, title: str, values: Array, *rest: str, spare: bool = False) -> Column:
        """The numbers of the keys that are written out, and what stands below them."""
        return Column(title, [*(self.text(float(x)) for x in values[self.choice.keys]), *rest], spare=spare)

    @property
    def unmasked(self) -> _Shown:
        """Without the keys that the query does not see."""
        keys = np.intersect1d(self.choice.keys, self.row.seen)
        return _Shown.of(self.row, replace(self.choice, keys=keys), self.options)


def _query(shown: _Shown) -> Section:
    return Section([caption_of(shown.row.q)], vector("q", shown.row.q.values, shown.options))


def _products(shown: _Shown) -> Section:
    """S = q · k, by its largest products."""
    row = shown.row
    how = N_(
        "q · k is the sum of {count} products q_i × k_i; the largest are written out, each after its i",
        count=len(row.q.values),
    )
    flow = products(row, shown.choice.keys, shown.labels, shown.options)
    return Section([caption_of(row.steps[0]), Caption("", how)], flow)


def _steps(shown: _Shown) -> Section:
    """What becomes of the scores before the softmax."""
    row, columns = shown.row, []
    for line in row.steps:
        if line.name == "biased" and row.bias is not None:
            columns.append(shown.column("B - S'", row.bias))
        columns.append(shown.column(line.symbol, line.values))
    return Section([caption_of(line) for line in row.steps[1:]], Sheet(shown.labels, columns))


def _softmax(shown: _Shown) -> Section:
    """The powers of e, their sum, and each one's share of it."""
    row, sink, hidden, say = shown.row, shown.row.sink, len(shown.choice.hidden), shown.options.say
    totals = [
        *((label, "", shown.others.power, shown.others.weight) for label in shown.rest),
        *([(say("{count} masked", count=hidden), "-inf", 0.0, 0.0)] if hidden else []),
        *([(say(SINK), shown.text(sink.score), sink.power, sink.weight)] if sink else []),
        ("Σ", "", row.total, float(row.weights.values.sum(dtype=np.float64)) + (sink.weight if sink else 0)),
    ]
    weights = row.weights.values[shown.choice.keys]
    bars = Bars([*map(float, weights), *(total[3] for total in totals[:-1]), None], 1.0)
    columns = [
        shown.column("M", row.step("masked"), *(total[1] for total in totals), spare=True),
        shown.column("e^(M-max)", row.powers, *(shown.text(total[2]) for total in totals)),
        shown.column("A", row.weights.values, *(shown.text(total[3]) for total in totals)),
    ]
    captions = [*map(caption_of, row.with_sink or ()), caption_of(row.weights)]
    sheet = Sheet([*shown.labels, *(total[0] for total in totals)], columns, bars, len(totals), shown.strong)
    return Section([*captions, Caption("", share(row, shown.options))], sheet)


def share(row: Worked, options: Options) -> str:
    """How a weight comes from its score, with the largest score and the sum of the powers."""
    most, total = (number(x, options.precision) for x in (row.highest, row.total))
    if row.highest_at is None:
        return N_("max = {most}, of the sink; each e^(M-max) is divided by Σ = {total}", most=most, total=total)
    key = token_labels(row.read)[row.highest_at].strip()
    return N_(
        "max = {most}, of key {key}; each e^(M-max) is divided by Σ = {total}", most=most, key=key, total=total
    )


def _lengths(shown: _Shown) -> Section:
    """How much each key gives: its weight, times the length of its value."""
    row, rest = shown.row, shown.others
    one = bool(shown.rest)
    columns = [
        shown.column("A", row.weights.values, *[shown.text(rest.weight)] * one),
        shown.column("‖v‖", row.lengths, *[shown.text(rest.length)] * one),
        shown.column("A ‖v‖", row.taken, *[shown.text(rest.taken)] * one),
    ]
    values = [*map(float, row.taken[shown.choice.keys]), *[rest.taken] * one]
    said = N_("how much each key gives: its weight times the length of its value")
    mean = N_("of the others, ‖v‖ is the mean by weight") if one else ""
    largest = int(np.argmax(values)) if len(values) > 1 else None
    sheet = Sheet([*shown.labels, *shown.rest], columns, Bars(values), int(one), largest)
    return Section([Caption("A ‖v‖", said, mean)], sheet)


def _sums(shown: _Shown) -> Section:
    """The largest numbers of the output, as they add up from key to key."""
    row, rest, z = shown.row, shown.others, shown.row.mixed.values
    one, so_far = bool(shown.rest), adding_up(shown.row, shown.choice)  # [key + 1, d_value]
    order = np.argsort(-np.abs(z), kind="stable")
    columns = [shown.column("A", row.weights.values, *[shown.text(rest.weight)] * one, "")]
    for place, i in enumerate(map(int, order if shown.options.full else order[:ADDED])):
        spare = place > 0 and not shown.options.full
        sums = [shown.text(float(x)) for x in so_far[: len(shown.labels) + one, i]]
        columns += [
            shown.column(f"v_{i}", row.v.values[:, i], *[shown.text(float(rest.v[i]))] * one, "", spare=spare),
            Column(f"z_{i}", [*sums, shown.text(float(z[i]))], joined=True),
        ]
    how = N_(
        "each of the {count} numbers z_i begins at 0, and every key adds A × v_i to it; the largest first",
        count=len(z),
    )
    mean = N_("of the others, v_i is the mean by weight") if one else ""
    sheet = Sheet([*shown.labels, *shown.rest, "z"], columns, None, 1 + one)
    return Section([caption_of(row.mixed), Caption("", how, mean)], sheet)


def _output(shown: _Shown) -> Section:
    said = N_("the output of this head for this query")
    return Section([Caption("z", said)], vector("z", shown.row.mixed.values, shown.options))
