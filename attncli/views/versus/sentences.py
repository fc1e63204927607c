"""What a comparison shows, in sentences that follow the numbers of the run; and who claimed it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import groupby
from operator import itemgetter

import numpy as np

from attncli.insights.versus.influence import Influence
from attncli.insights.versus.order import Difference
from attncli.insights.versus.sequential import Sequential, order
from attncli.language import N_, Message, joined, listed
from attncli.render.page.numbers import factor, percent
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

LABELS = {"rnn": "RNN", "lstm": "LSTM", "attention": N_("attention")}

SEQUENTIAL_CLAIM = N_(
    "Claimed by Vaswani et al. 2017, §4 and table 1: a recurrent layer takes O(n) sequential steps and O(n·d²) "
    "operations, self-attention O(1) and O(n²·d)."
)
RANGE_CLAIM = N_(
    "Claimed by Bengio et al. 1994 (in recurrent networks, the influence of distant tokens vanishes or explodes), "
    "Hochreiter and Schmidhuber 1997 (the LSTM preserves it longer) and Vaswani et al. 2017, §4 and table 1 (the "
    "longest path is O(n) in recurrent layers, O(1) in self-attention)."
)
ORDER_CLAIM = N_(
    "Claimed by Vaswani et al. 2017, §3.5: without recurrence, a model knows the order of the tokens only from "
    "positions that are added to them."
)

# ------------------------------------------------------------------ sequential work


def sequential_result(n: int, sequential: Sequential) -> Message:
    """The steps for the `n` tokens of the sentence, and who was faster at which lengths."""
    if n == 1:
        steps = N_(
            "One token takes one step in all three models; each further token adds one in the RNN and the LSTM."
        )
    else:
        steps = N_("For these {n} tokens, the RNN and the LSTM take {n} sequential steps, attention one.", n=n)
    return _paragraph(steps, *_times("rnn", sequential), *_times("lstm", sequential))


def sequential_limits(d: int, threads: int) -> Message:
    """What the times show, and what they do not. `d`: the width of the word vectors."""
    return N_(
        "These times (NumPy, threads: {threads}) show how much there is to compute: n²·d operations in attention, "
        "n·d² in recurrence, and for small n what each call of NumPy costs. So attention falls behind where n is "
        "much larger than d = {d}. They do not show what parallel hardware gains: there attention computes all "
        "tokens at once, while recurrence still takes its n steps one after another.",
        threads=threads, d=d,
    )  # fmt: skip


def _times(other: str, sequential: Sequential) -> list[Message]:
    """At which lengths attention or the other was faster, and where that changed, by the times of this run."""
    orders = [order(a, b) for a, b in zip(sequential.of("attention"), sequential.of(other), strict=True)]
    facts = [
        text(_lengths(sequential.lengths, [found == way for found in orders]))
        for way, text in ((-1, _faster), (1, _slower), (0, _undecided))
        if way in orders
    ]
    compared = N_("Attention beside the {other}: {facts}.", other=LABELS[other], facts=joined("; ", *facts))
    crossed = [crossing for crossing in sequential.crossings if crossing.other == other]
    if len(crossed) > 1:
        return [compared, N_("They change places more than once.")]
    if crossed:
        return [compared, N_("Their times cross near n = {n}.", n=round(crossed[0].n))]
    if {-1, 1} <= set(orders):
        return [
            compared,
            N_("That is no crossing yet: for one, each must be faster at two lengths in a row."),
        ]
    return [compared]


def _faster(lengths: str) -> Message:
    return N_("faster at n = {lengths}", lengths=lengths)


def _slower(lengths: str) -> Message:
    return N_("slower at n = {lengths}", lengths=lengths)


def _undecided(lengths: str) -> Message:
    return N_("no difference beyond the noise at n = {lengths}", lengths=lengths)


def _lengths(lengths: Sequence[int], chosen: Sequence[bool]) -> Message:
    """The chosen lengths, those in a row as a range: 16, 64 to 512."""
    rows: list[Message] = []
    for is_chosen, row in groupby(zip(lengths, chosen, strict=True), key=itemgetter(1)):
        first, *rest = [length for length, _ in row]
        if is_chosen and len(rest) > 1:
            rows.append(N_("{first} to {last}", first=first, last=rest[-1]))
        elif is_chosen:
            rows += [N_("{n}", n=n) for n in (first, *rest)]
    return listed(*rows)


# ------------------------------------------------------------------ long-range dependencies


def range_result(tokens: Tokens, influences: Sequence[Influence]) -> Message:
    """How the influence changes with distance."""
    of_rnn, of_lstm, of_attention = influences
    if len(tokens) == 1:
        return N_("There is no token before the last one whose influence could be measured: give a longer text.")
    if of_rnn.per_step is None or of_lstm.per_step is None:
        return N_(
            "There is only one token before the last one: too few to say how influence changes with distance."
        )
    rnn, lstm = factor(of_rnn.per_step), factor(of_lstm.per_step)
    change = N_(
        "With each step of distance, the influence of a token on the last one is multiplied by {rnn} in the RNN "
        "and by {lstm} in the LSTM.",
        rnn=rnn, lstm=lstm,
    )  # fmt: skip
    return _paragraph(change, _fading(float(rnn), float(lstm)), *_of_attention(tokens, of_attention))


def _fading(rnn: float, lstm: float) -> Message:
    """By the factors for each step, as they are shown."""
    if rnn < 1 and lstm < 1:
        if rnn < lstm:
            return N_("It fades in the RNN, and more slowly in the LSTM.")
        return N_("It fades in both, and no more slowly in the LSTM than in the RNN.")
    if rnn < 1:
        return N_("It fades in the RNN, but not in the LSTM.")
    if lstm < 1:
        return N_("It fades in the LSTM, but not in the RNN.")
    return N_("It fades in neither.")


def _of_attention(tokens: Tokens, influence: Influence) -> list[Message]:
    """The influences in attention, which depend on the token alone where there are no positions."""
    norms = influence.norms[:-1]
    low, high = int(np.argmin(norms)), int(np.argmax(norms))
    spread = N_(
        "In attention, every token is one step away: its influence, from {low} (“{low_token}”) to {high} "
        "(“{high_token}”), depends on the token and not on the distance.",
        low=f"{norms[low]:.3g}", low_token=visible(tokens.texts[low]),
        high=f"{norms[high]:.3g}", high_token=visible(tokens.texts[high]),
    )  # fmt: skip
    earlier = tokens.ids[:-1]
    repeated = next((i for i, token in enumerate(earlier) if token in earlier[:i]), None)
    if repeated is None:
        return [spread]
    again = N_(
        "“{token}” occurs more than once before the last token, with the same influence each time.",
        token=visible(tokens.texts[repeated]),
    )
    return [spread, again]


# ------------------------------------------------------------------ order


def order_result(tokens: Tokens, found: Sequence[Difference]) -> Message:
    """How much the vectors change where the tokens are shuffled."""
    if len(tokens) == 1:
        return N_("One token has only one order: give a longer text.")
    if len(set(tokens.ids)) == 1:
        return N_("All {n} tokens are the same, so there is no other order.", n=len(tokens))
    bare, positions, mask, rnn, lstm = found
    largest = f"{bare.largest:.1e}"
    if bare.same:
        alone = N_(
            "Without positions, attention gives each token the same vector in either order, to within {largest}: "
            "shuffling the tokens only shuffles the vectors.",
            largest=largest,
        )
    else:
        alone = N_("Without positions, the vectors of attention differ by up to {largest}.", largest=largest)
    change = N_(
        "With positions, its vectors change by {positions}. Without any, those of the RNN change by {rnn} and "
        "those of the LSTM by {lstm}. A causal mask alone changes the vectors of attention by {mask}.",
        positions=percent(positions.relative), rnn=percent(rnn.relative), lstm=percent(lstm.relative),
        mask=percent(mask.relative),
    )  # fmt: skip
    return _paragraph(alone, change)


def _paragraph(first: Message, *others: Message) -> Message:
    """Sentences in a row. The space between them can be translated, as Japanese has none."""
    return reduce(lambda text, following: N_("{text} {following}", text=text, following=following), others, first)
