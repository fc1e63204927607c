"""Where one head looks, in words: the text below its map."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from attncli.insights.focus import Focus, Pair, Shares
from attncli.language import N_, Message, listed
from attncli.render.page.blocks import Prose
from attncli.text.visible import visible

NAMED, LEAST = 3, 0.005
"""How many weights are named, and the smallest of them: a smaller one would be shown as zero."""


def focus_blocks(focus: Focus) -> Iterator[Prose]:
    """The largest weights, the shares and the entropy, a paragraph each; nothing for weights that are not
    numbers."""
    if not isfinite(focus.entropy):
        return
    pairs = [_pair(pair) for pair in focus.top[:NAMED] if pair.weight >= LEAST]
    if pairs:
        yield Prose(N_("Largest weights: {pairs}", pairs=" · ".join(pairs)))
    if focus.shares is not None:
        yield Prose(_shares_text(focus.shares))
    numbers = {"entropy": f"{focus.entropy:.2f}", "most": f"{focus.most:.2f}"}
    yield Prose(
        N_("Entropy: {entropy} bits on average; even attention would have {most}, a single key 0.", **numbers)
    )


def focus_object(focus: Focus) -> dict[str, Any]:
    """The focus for programs, as in attncli/schemas/map-1.json."""
    shares = focus.shares
    return {
        "queries": focus.queries,
        "top": [vars(pair) for pair in focus.top],
        "entropy": focus.entropy,
        "most": focus.most,
        "shares": None if shares is None else vars(shares),
    }


def _pair(pair: Pair) -> str:
    """5 ␣the → 4 ␣on 0.61"""
    query, key = f"{pair.query} {visible(pair.query_token)}", f"{pair.key} {visible(pair.key_token)}"
    return f"{query} → {key} {pair.weight:.2f}"


def _shares_text(shares: Shares) -> Message:
    """The shares in percent: together 100, but for rounding."""
    listing = listed(*_shares(shares))
    if shares.itself is None:
        return N_("Where its attention goes: {shares}", shares=listing)
    return N_("Where its attention goes, from the second query on: {shares}", shares=listing)


def _shares(shares: Shares) -> Iterator[Message]:
    """Each share."""
    yield N_("first token {percent} %", percent=_percent(shares.first))
    if shares.itself is not None and shares.previous is not None:
        yield N_("itself {percent} %", percent=_percent(shares.itself))
        yield N_("previous token {percent} %", percent=_percent(shares.previous))
    if shares.sink:
        yield N_("no token (the sink) {percent} %", percent=_percent(shares.sink))
    yield N_("elsewhere {percent} %", percent=_percent(shares.elsewhere))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
