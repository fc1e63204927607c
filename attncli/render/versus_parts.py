"""What a comparison shows, as parts for people: a table, a plot and two lines about it each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.types import Array, Index
from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.models import NAMES, Models
from attncli.insights.versus.order import Difference
from attncli.insights.versus.reach import Influence
from attncli.insights.versus.sequential import WORK, Sequential, operations, steps
from attncli.render.matrices import middle_out
from attncli.render.page.page import Options
from attncli.render.plot import Axes, Curve
from attncli.render.versus_words import (
    LABELS,
    ORDER_CLAIM,
    REACH_CLAIM,
    WORK_CLAIM,
    factor,
    of_order,
    of_reach,
    of_work,
    percent,
)
from attncli.text.language import N_, Message
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

ROWS = 40
"""How many tokens are listed, unless all are asked for."""
MARKS = 6
"""About how many distances are named below a plot."""
STYLES = {"rnn": "yellow", "lstm": "magenta", "attention": "cyan"}
PREFIXES = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True, eq=False)
class Part:
    """One experiment, or the facts before them. The columns of the table that `words` lists hold words, the others
    numbers; what `bold` lists, by row and column, stands out."""

    title: Message
    caption: Message
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset({0})
    bold: frozenset[tuple[int, int]] = frozenset()
    curves: Sequence[Curve] = ()
    axes: Axes | None = None
    axes_named: str = ""
    tokens: Tokens | None = None  # in the order that the part is about
    shown: Message | None = None
    claimed: Message | None = None


def parts(found: Comparison, tokens: Tokens, options: Options) -> list[Part]:
    made = [_facts(found.models, len(tokens))]
    if found.sequential is not None:
        made.append(_work(found.sequential, len(tokens)))
    if found.reach is not None:
        made.append(_reach(found.reach, tokens, options))
    if found.order is not None:
        assert found.shuffled is not None
        made.append(_order(found.order, tokens, in_order(tokens, found.shuffled), options))
    return made


def _facts(models: Models, n: int) -> Part:
    """The models side by side: sizes, and what each costs by the formulas."""
    done = {name: operations(name, n, models.d_model, models.hidden[name]) for name in NAMES}
    rows = [
        (N_("numbers out"), *(str(models.hidden[name]) for name in NAMES)),
        (N_("parameters"), *(f"{models.parameters[name]:,}" for name in NAMES)),
        (N_("steps in a row"), *(WORK[name].steps for name in NAMES)),
        (N_("for n = {n}", n=n), *(f"{steps(name, n):,}" for name in NAMES)),
        (N_("operations"), *(WORK[name].operations for name in NAMES)),
        (N_("for n = {n}", n=n), *(rounded(done[name]) for name in NAMES)),
        (N_("longest path"), *(WORK[name].path for name in NAMES)),
    ]
    caption = N_("One seeded layer each, on the same vectors of d = {d} numbers.", d=models.d_model)
    return Part(N_("The models"), caption, ("", *(LABELS[name] for name in NAMES)), rows)


def _work(found: Sequential, n: int) -> Part:
    times = [found.seconds(name) for name in NAMES]  # [model, length]
    fastest = [min(range(len(NAMES)), key=lambda model: times[model][row]) for row in range(len(found.lengths))]
    rows = [
        (str(length), *(seconds(of[row]) for of in times), LABELS[NAMES[fastest[row]]])
        for row, length in enumerate(found.lengths)
    ]
    repeats = [timing.repeats for timing in found.timings]
    caption = N_(
        "Time of a layer for n tokens, your text repeated: NumPy, float32, causal, threads: {threads}; the median "
        "of {least} to {most} runs that take turns.",
        least=min(repeats), most=max(repeats), threads=found.threads,
    )  # fmt: skip
    x = np.log10(np.array(found.lengths, dtype=float))
    curves = [_curve(name, x, np.log10(of)) for name, of in zip(NAMES, times, strict=True)]
    marks = [(float(at), str(length)) for at, length in zip(x, found.lengths, strict=True)]
    return Part(
        N_("Sequential work"), caption, ("n", *(LABELS[name] for name in NAMES), N_("fastest")), rows,
        words=frozenset({4}), bold=frozenset((row, 1 + model) for row, model in enumerate(fastest)),
        curves=curves if len(rows) > 1 else (), axes=Axes(marks, seconds),
        axes_named=N_("time of a layer by n, both logarithmic"),
        shown=of_work(n, found), claimed=WORK_CLAIM,
    )  # fmt: skip


def _reach(found: Sequence[Influence], tokens: Tokens, options: Options) -> Part:
    n = len(tokens)
    shown, left_out = (list(range(n)), 0) if options.full else middle_out(n, ROWS)
    rows: list[tuple[str, ...]] = [
        (str(n - 1 - i), visible(tokens.texts[i]), *(amount(float(f.norms[i]), options.precision) for f in found))
        for i in shown
    ]
    if left_out:
        rows.insert((len(shown) + 1) // 2, ("⋮", N_("{count} more", count=left_out), "⋮", "⋮", "⋮"))
    factors = ["" if f.per_step is None else f"× {factor(f.per_step)}" for f in found]
    if any(factors):
        rows.append(("", N_("a step farther"), *factors))
    caption = N_(
        "Influence of each token on the last one: ‖∂h_n/∂x_i‖ (Frobenius), exact, float64, by how many tokens it "
        "is away. The same word vectors, without positions, go into all three. Distances up to {last}: all that "
        "the text has.",
        last=n - 1,
    )  # fmt: skip
    away = np.arange(n - 1, -1, -1, dtype=float)
    curves = [_curve(f.model, away, f.log_norms / np.log(10)) for f in found]
    marks = [(float(d), str(d)) for d in range(0, n, max(1, n // MARKS))]
    return Part(
        N_("Long-range dependency"), caption,
        (N_("away"), N_("token"), *(LABELS[f.model] for f in found)), rows, words=frozenset({1}),
        bold=frozenset((len(rows) - 1, column) for column in range(1, 5)) if any(factors) else frozenset(),
        curves=curves if n > 1 else (), axes=Axes(marks, plain),
        axes_named=N_("influence by distance, the influence logarithmic"),
        shown=of_reach(tokens, found), claimed=REACH_CLAIM,
    )  # fmt: skip


def _order(found: Sequence[Difference], tokens: Tokens, shuffled: Tokens, options: Options) -> Part:
    rows = [
        (_way(f), amount(f.largest, options.precision), percent(f),
         N_("the same") if f.same else N_("different"))
        for f in found
    ]  # fmt: skip
    caption = N_(
        "Each token's vector beside that of the same token in the shuffled sentence, float64: the largest "
        "difference of a number, and the length of all differences by that of all vectors."
    )
    return Part(
        N_("Order"), caption, (N_("model"), N_("largest"), N_("change"), N_("vectors")), rows,
        words=frozenset({0, 3}), tokens=shuffled, shown=of_order(tokens, found), claimed=ORDER_CLAIM,
    )  # fmt: skip


def in_order(tokens: Tokens, order: Index) -> Tokens:
    """The same tokens, shuffled."""
    return replace(
        tokens,
        ids=tuple(tokens.ids[i] for i in order),
        texts=tuple(tokens.texts[i] for i in order),
        spans=tuple(tokens.spans[i] for i in order),
        types=tuple(tokens.types[i] for i in order),
    )


def _way(found: Difference) -> str:
    if found.model != "attention":
        return LABELS[found.model]
    if found.positions:
        return N_("attention + positions")
    return N_("attention + causal mask") if found.mask else LABELS["attention"]


def _curve(model: str, x: Array, y: Array) -> Curve:
    return Curve(model[0], STYLES[model], x, y)


# ------------------------------------------------------------------ numbers for people


def amount(value: float, precision: int) -> str:
    """With digits after the point, or with a power of ten where these would not show it."""
    if value == 0:
        return "0"
    if not 1e-3 <= value < 1e5:
        return f"{value:.{max(precision - 3, 0)}e}"
    return f"{value:.{precision}f}"


def seconds(value: float) -> str:
    """12.3 µs: three digits."""
    unit, name = next(((u, name) for u, name in PREFIXES if value >= 0.9995 * u), PREFIXES[-1])
    return f"{float(f'{value / unit:.3g}'):g} {name}"


def plain(value: float) -> str:
    """A power of ten, or 2 or 5 times one, in its shortest form."""
    if 1e-3 <= value < 1e4:
        return f"{value:.1g}" if value < 1 else f"{value:.0f}"
    digit, power = f"{value:.0e}".split("e")
    return f"{digit}e{int(power)}"


def rounded(count: int) -> str:
    """98.4 k, 1.23 M: three digits."""
    for size, name in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{float(f'{count / size:.3g}'):g} {name}"
    return str(count)
