"""Attention beside an RNN and an LSTM: a section for the models, and one for each experiment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from attncli.formula.types import Array, Index
from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.influence import Influence
from attncli.insights.versus.models import NAMES, Models
from attncli.insights.versus.order import Difference
from attncli.insights.versus.sequential import WORK, Sequential, Timing, operations, steps
from attncli.insights.versus.settings import Settings
from attncli.language import N_, listed
from attncli.render.page.blocks import Heading, Prose, Subject, TokenLine
from attncli.render.page.choosing import middle_out
from attncli.render.page.figures import Axis, Column, Curve, Plot, Table
from attncli.render.page.numbers import amount, factor, percent, plain, rounded, seconds
from attncli.render.page.page import Block, Options, Page, Section
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.views.versus.document import document
from attncli.views.versus.sentences import (
    LABELS,
    ORDER_CLAIM,
    RANGE_CLAIM,
    SEQUENTIAL_CLAIM,
    order_result,
    range_result,
    sequential_limits,
    sequential_result,
)

ROWS = 40
"""How many tokens are listed, unless all are asked for."""
MARKS = 6
"""About how many distances are named below a plot."""
STYLES = {"rnn": "yellow", "lstm": "magenta", "attention": "cyan"}


def page(comparison: Comparison, tokens: Tokens, text: str | None, settings: Settings, options: Options) -> Page:
    """The page of a comparison. `text` is None where token ids were given."""
    sections = [Section(partial(_models, comparison.models, len(tokens)))]
    if comparison.sequential is not None:
        sections.append(Section(partial(_sequential, comparison, comparison.sequential, len(tokens))))
    if comparison.influences is not None:
        sections.append(Section(partial(_range, comparison.influences, tokens, options)))
    if comparison.differences is not None:
        assert comparison.shuffled is not None
        shuffled = in_order(tokens, comparison.shuffled)
        sections.append(Section(partial(_order, comparison.differences, tokens, shuffled, options)))
    return Page(
        title="attn versus",
        head=document(comparison, tokens, text, settings),
        opening=lambda: [_subject(settings, tokens)],
        sections=sections,
    )


def _subject(settings: Settings, tokens: Tokens) -> Subject:
    facts = [
        N_("seed {seed}", seed=settings.seed),
        f"d_model {settings.d_model}",
        N_("gain {gain}", gain=f"{settings.gain:g}"),
        N_("forget bias {forget_bias}", forget_bias=f"{settings.forget_bias:g}"),
    ]
    return Subject("attn versus", facts, tokens=tokens)


def _models(models: Models, n: int) -> Iterator[Block]:
    """The sizes of the models, and what each costs by its formulas."""
    labels = [
        N_("output size"),
        N_("parameters"),
        N_("sequential steps"),
        N_("for n = {n}", n=n),
        N_("operations"),
        N_("for n = {n}", n=n),
        N_("longest path"),
    ]

    def cells(name: str) -> list[str]:
        work, hidden = WORK[name], models.hidden[name]
        return [
            str(hidden),
            f"{models.parameters[name]:,}",
            work.steps,
            f"{steps(name, n):,}",
            work.operations,
            rounded(operations(name, n, models.d_model, hidden)),
            work.path,
        ]

    about = N_(
        "One layer of each, with random weights, on the same word vectors of {d} numbers.", d=models.d_model
    )
    yield Heading(N_("The models"), about)
    yield Table([Column("", labels, "words"), *(Column(LABELS[name], cells(name)) for name in NAMES)])


# ------------------------------------------------------------------ sequential work


def _sequential(comparison: Comparison, sequential: Sequential, n: int) -> Iterator[Block]:
    """The time of each model by length."""
    lengths, timings = sequential.lengths, {name: sequential.of(name) for name in NAMES}
    fastest = [_fastest([timings[name][row] for name in NAMES]) for row in range(len(lengths))]
    repeats = [timing.repeats for timing in sequential.timings]
    about = N_(
        "Time of one layer on n tokens (your text, repeated). NumPy, float32, causal, threads: {threads}. Each "
        "time is the median of {least} to {most} runs, in which the models take turns. Where the middle halves of "
        "the runs overlap, the difference is within the noise, and each counts as fastest.",
        least=min(repeats), most=max(repeats), threads=sequential.threads,
    )  # fmt: skip
    yield Heading(N_("Sequential work"), about)
    yield Table(
        [
            Column("n", [str(length) for length in lengths]),
            *(Column(LABELS[name], [seconds(timing.seconds) for timing in timings[name]]) for name in NAMES),
            Column(N_("fastest"), [listed(*(LABELS[NAMES[i]] for i in places)) for places in fastest], "words"),
        ],
        bold=frozenset((row, 1 + i) for row, places in enumerate(fastest) for i in places),
    )
    if len(lengths) > 1:
        x = np.array(lengths, dtype=float)
        yield Plot(
            [_curve(name, x, np.array([timing.seconds for timing in timings[name]])) for name in NAMES],
            Axis("n", plain, logarithmic=True, marks=[(float(length), str(length)) for length in lengths]),
            Axis(N_("time"), seconds, logarithmic=True),
            N_("time of a layer by n; both axes are logarithmic"),
        )
    yield Prose(sequential_result(n, sequential))
    yield Prose(sequential_limits(comparison.models.d_model, sequential.threads))
    yield Prose(SEQUENTIAL_CLAIM, quiet=True)


def _fastest(timings: Sequence[Timing]) -> list[int]:
    """The places of those that no other is faster than, the fastest first; differences within the noise do not
    count."""
    unbeaten = [i for i, timing in enumerate(timings) if not any(t.faster_than(timing) for t in timings)]
    return sorted(unbeaten, key=lambda i: timings[i].seconds)


# ------------------------------------------------------------------ long-range dependencies


def _range(influences: Sequence[Influence], tokens: Tokens, options: Options) -> Iterator[Block]:
    """The influence of each token on the last one, by its distance."""
    n = len(tokens)
    about = N_(
        "Influence of each token on the last output: the Frobenius norm ‖∂h_n/∂x_i‖, exact, in float64. All three "
        "models read the same word vectors, without positions. The text has distances up to {last}.",
        last=n - 1,
    )
    yield Heading(N_("Long-range dependencies"), about)
    yield _influence_table(influences, tokens, options)
    if n > 1:
        distance = np.arange(n, dtype=float)
        marks = [(float(d), str(d)) for d in range(0, n, max(1, n // MARKS))]
        yield Plot(
            [_curve(influence.model, distance, _by_distance(influence)) for influence in influences],
            Axis(N_("distance"), plain, marks=marks),
            Axis(N_("influence"), plain, logarithmic=True),
            N_("influence by distance; the influence axis is logarithmic"),
        )
    yield Prose(range_result(tokens, influences))
    yield Prose(RANGE_CLAIM, quiet=True)


def _influence_table(influences: Sequence[Influence], tokens: Tokens, options: Options) -> Table:
    """A row for each token, or for the first and the last of many; below them the factor for each step."""
    n = len(tokens)
    shown, left_out = (list(range(n)), 0) if options.full else middle_out(n, ROWS, spare=1)

    def norms(i: int) -> list[str]:
        return [amount(float(influence.norms[i]), options.precision) for influence in influences]

    rows = [[str(n - 1 - i), visible(tokens.texts[i]), *norms(i)] for i in shown]
    if left_out:
        rows.insert((len(shown) + 1) // 2, ["⋮", N_("{count} more", count=left_out), *["⋮"] * len(influences)])
    factors = ["" if found.per_step is None else f"× {factor(found.per_step)}" for found in influences]
    if any(factors):
        rows.append(["", N_("per step"), *factors])
    titles = [N_("distance"), N_("token"), *(LABELS[influence.model] for influence in influences)]
    columns = [
        Column(title, cells, "words" if index == 1 else "number")
        for index, (title, cells) in enumerate(zip(titles, zip(*rows, strict=True), strict=True))
    ]
    last = frozenset((len(rows) - 1, index) for index in range(1, len(columns)))
    return Table(columns, bold=last if any(factors) else frozenset())


def _by_distance(influence: Influence) -> Array:
    """The norms by distance, in the widest float there is, as they may leave the range of float64. [distance]"""
    norms: Array = np.exp(influence.log_norms[::-1].astype(np.longdouble))
    return norms


# ------------------------------------------------------------------ order


def _order(
    differences: Sequence[Difference], tokens: Tokens, shuffled: Tokens, options: Options
) -> Iterator[Block]:
    """What changes where the tokens are shuffled."""
    about = N_(
        "The output vector of each token beside that of the same token in the shuffled sentence, in float64. "
        "Largest: the largest difference of a number. Change: the norm of all differences, divided by the norm of "
        "all vectors."
    )
    yield Heading(N_("Order"), about)
    yield TokenLine(shuffled, N_("shuffled"))
    yield Table(
        [
            Column(N_("model"), [_variant(difference) for difference in differences], "words"),
            Column(N_("largest"), [amount(difference.largest, options.precision) for difference in differences]),
            Column(N_("change"), [percent(difference.relative) for difference in differences]),
            Column(N_("vectors"), [N_("same") if f.same else N_("different") for f in differences], "words"),
        ]
    )
    yield Prose(order_result(tokens, differences))
    yield Prose(ORDER_CLAIM, quiet=True)


def in_order(tokens: Tokens, order: Index) -> Tokens:
    """The same tokens in another order."""
    return replace(
        tokens,
        ids=tuple(tokens.ids[i] for i in order),
        texts=tuple(tokens.texts[i] for i in order),
        spans=tuple(tokens.spans[i] for i in order),
        types=tuple(tokens.types[i] for i in order),
    )


def _variant(difference: Difference) -> str:
    """The model, and what was added to it."""
    if difference.model != "attention":
        return LABELS[difference.model]
    if difference.positions:
        return N_("attention + positions")
    return N_("attention + causal mask") if difference.mask else LABELS["attention"]


def _curve(model: str, x: Array, y: Array) -> Curve:
    return Curve(LABELS[model], model[0], STYLES[model], x, y)
