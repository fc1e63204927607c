"""What a comparison showed, and where it was claimed, in sentences that follow the numbers of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncli.insights.versus.order import Difference
from attncli.insights.versus.reach import Influence
from attncli.insights.versus.sequential import Sequential
from attncli.text.language import N_, Message
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

LABELS = {"rnn": "RNN", "lstm": "LSTM", "attention": N_("attention")}

WORK_CLAIM = N_(
    "Claimed by Vaswani et al. 2017, §4 and table 1: a recurrent layer takes O(n) steps one after the other and "
    "O(n·d²) operations, self-attention O(1) and O(n²·d)."
)
REACH_CLAIM = N_(
    "Claimed by Bengio et al. 1994 (in recurrent networks what is long ago fades, or explodes), Hochreiter and "
    "Schmidhuber 1997 (the LSTM keeps it longer) and Vaswani et al. 2017, §4 and table 1 (the longest path is "
    "O(n) in recurrence, O(1) in self-attention)."
)
ORDER_CLAIM = N_(
    "Claimed by Vaswani et al. 2017, §3.5: without recurrence, only positions that are added tell the order."
)


def sentences(parts: Sequence[Message]) -> Message:
    """Sentences as one text."""
    told = parts[0]
    for part in parts[1:]:
        told = N_("{said} {then}", said=told, then=part)
    return told


def factor(value: float) -> str:
    """Three digits: 0.582, 1.00."""
    return f"{value:#.3g}".removesuffix(".")


# ------------------------------------------------------------------ sequential work


def of_work(n: int, found: Sequential) -> Message:
    """`n`: how many tokens the sentence has."""
    if n == 1:
        steps = N_("One token is one step in all three; every further one is one more in the RNN and the LSTM.")
    else:
        steps = N_(
            "For these {n} tokens the RNN and the LSTM take {n} steps that must follow one another, attention "
            "one.",
            n=n,
        )
    return sentences([steps, _of_times("rnn", found), _of_times("lstm", found)])


def _of_times(other: str, found: Sequential) -> Message:
    """Who was faster, and where that changed: only what the times of this run say."""
    pairs = list(zip(found.seconds("attention"), found.seconds(other), strict=True))
    faster, slower = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    crossings = [c for c in found.crossings if c.other == other]
    first, last, named = found.lengths[0], found.lengths[-1], LABELS[other]
    if len(pairs) not in (faster, slower) and (len(crossings) != 1 or faster + slower < len(pairs)):
        return N_(
            "Attention was faster than the {other} at {faster} of the {count} lengths and slower at {slower}, "
            "with no single crossing.",
            other=named, faster=faster, slower=slower, count=len(pairs),
        )  # fmt: skip
    if len(pairs) == 1:
        if faster:
            return N_("Attention was faster than the {other} at n = {n}.", other=named, n=first)
        return N_("Attention was slower than the {other} at n = {n}.", other=named, n=first)
    if not crossings:
        if faster:
            return N_(
                "Attention was faster than the {other} from n = {first} to n = {last}, without a crossing.",
                other=named, first=first, last=last,
            )  # fmt: skip
        return N_(
            "Attention was slower than the {other} from n = {first} to n = {last}, without a crossing.",
            other=named, first=first, last=last,
        )  # fmt: skip
    (crossing,) = crossings
    before, after = crossing.between
    if crossing.attention_faster_before:
        return N_(
            "Attention was faster than the {other} up to n = {before} and slower from n = {after} on: they cross "
            "near n = {at}.",
            other=named, before=before, after=after, at=round(crossing.n),
        )  # fmt: skip
    return N_(
        "Attention was slower than the {other} up to n = {before} and faster from n = {after} on: they cross near "
        "n = {at}.",
        other=named, before=before, after=after, at=round(crossing.n),
    )  # fmt: skip


# ------------------------------------------------------------------ long-range dependency


def of_reach(tokens: Tokens, found: Sequence[Influence]) -> Message:
    of_rnn, of_lstm, of_attention = found
    if len(tokens) == 1:
        return N_("There is no token before the last one whose influence could be measured: give more words.")
    if of_rnn.per_step is None or of_lstm.per_step is None:
        return N_("There is one token before the last one: too few to say how influence changes with distance.")
    rnn, lstm = factor(of_rnn.per_step), factor(of_lstm.per_step)
    change = N_(
        "With each step farther away, the influence of a token on the last one is multiplied by {rnn} in the RNN "
        "and by {lstm} in the LSTM.",
        rnn=rnn, lstm=lstm,
    )  # fmt: skip
    return sentences([change, _of_fading(float(rnn), float(lstm)), *_of_attention(tokens, of_attention)])


def _of_fading(rnn: float, lstm: float) -> Message:
    """By the factors a step, as they are shown."""
    if rnn < 1 and lstm < 1:
        if rnn < lstm:
            return N_("It fades in the RNN, and less in the LSTM.")
        return N_("It fades in both, in the LSTM not less than in the RNN.")
    if rnn < 1:
        return N_("It fades in the RNN, but not in the LSTM.")
    if lstm < 1:
        return N_("It fades in the LSTM, but not in the RNN.")
    return N_("It fades in neither.")


def _of_attention(tokens: Tokens, found: Influence) -> list[Message]:
    """What is said of attention, whose influences hang on the words alone where there are no positions."""
    norms = found.norms[:-1]
    low, high = int(np.argmin(norms)), int(np.argmax(norms))
    range_ = N_(
        "In attention every token is one step away: the influence goes from {low} (“{low_token}”) to {high} "
        "(“{high_token}”), by the word and not by the distance.",
        low=f"{norms[low]:.3g}", low_token=visible(tokens.texts[low]),
        high=f"{norms[high]:.3g}", high_token=visible(tokens.texts[high]),
    )  # fmt: skip
    earlier = tokens.ids[:-1]
    repeated = next((i for i, token in enumerate(earlier) if token in earlier[:i]), None)
    if repeated is None:
        return [range_]
    again = N_(
        "“{token}” comes more than once before the last token, with the same influence each time.",
        token=visible(tokens.texts[repeated]),
    )
    return [range_, again]


# ------------------------------------------------------------------ order


def of_order(tokens: Tokens, found: Sequence[Difference]) -> Message:
    if len(tokens) == 1:
        return N_("One token has one order: give more words.")
    if len(set(tokens.ids)) == 1:
        return N_("All {n} tokens are the same: there is no other order.", n=len(tokens))
    plain, positions, mask, rnn, lstm = found
    apart = f"{plain.largest:.1e}"
    if plain.same:
        alone = N_(
            "Without positions attention gives each token the same vector in either order, to {apart}: the same "
            "vectors, shuffled as the words are.",
            apart=apart,
        )
    else:
        alone = N_("Without positions the vectors of attention differ by up to {apart}.", apart=apart)
    change = N_(
        "With positions its vectors change by {positions}; those of the RNN change by {rnn} and of the LSTM by "
        "{lstm} without any. A causal mask alone changes those of attention by {mask}.",
        positions=percent(positions), rnn=percent(rnn), lstm=percent(lstm), mask=percent(mask),
    )  # fmt: skip
    return sentences([alone, change])


def percent(found: Difference) -> str:
    """How much the vectors change, by their length."""
    value = 100 * found.relative
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"
