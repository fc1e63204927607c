"""Layers, heads and tokens: from a request (`0,2-3`, `-1`, `all`, a token's text, numbers) to indices."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from unicodedata import normalize

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, nearest
from attncli.language import N_
from attncli.model.request import Indices
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

OF_HEADS = "head"
"""What the indices of heads are called."""


def indices(asked: Indices, count: int, what: str, whose: str = "", from_the_end: bool = True) -> tuple[int, ...]:
    """Sorted indices below `count`. Negative ones count from the end; `from_the_end` tells whether an error offers
    that. Raises UsageError outside the range."""
    if asked == "all":
        return tuple(range(count))
    chosen: set[int] = set()
    for first, last in _ranges(asked, count, what):
        for end in (first, last):
            if not -count <= end < count:
                index = {"what": what, "end": end}
                named = N_("{what} {end} {whose}", whose=whose, **index) if whose else N_("{what} {end}", **index)
                raise UsageError(
                    N_("{index} is out of range: there is only 0.", index=named)
                    if count == 1
                    else N_(
                        "{index} is out of range: 0 to {last}, or -1 for the last.", index=named, last=count - 1
                    )
                    if from_the_end
                    else N_("{index} is out of range: 0 to {last}.", index=named, last=count - 1)
                )
        if first % count > last % count:
            raise UsageError(
                N_("--{what} {first}-{last}: the range runs backwards.", what=what, first=first, last=last)
            )
        chosen.update(range(first % count, last % count + 1))
    return tuple(sorted(chosen))


def _ranges(asked: Indices, count: int, what: str) -> list[tuple[int, int]]:
    """The first and the last index of each range; a glob (`*`, `1?`) means each of the indices that it matches."""
    if not isinstance(asked, str):
        return [(index, index) for index in asked]
    ranges = []
    for text in asked.split(","):
        if matched := [i for i in range(count) if "*" in text or "?" in text if fnmatchcase(str(i), text.strip())]:
            ranges += [(index, index) for index in matched]
            continue
        match = re.fullmatch(r"\s*(-?\d{1,18})(?:-(-?\d{1,18}))?\s*", text)
        if match is None:
            of_layer = N_("With its layer, a head is written LAYER.HEAD: --head 2.1")
            raise UsageError(
                N_(
                    "--{what} {asked!r}: give numbers as in 0,2-3, -1 for the last, or all.",
                    what=what,
                    asked=asked,
                ),
                of_layer if what == OF_HEADS else None,
            )
        ranges.append((int(match[1]), int(match[2] or match[1])))
    return ranges


def layers_of(spec: Spec, asked: Indices) -> dict[str, set[int]]:
    """The layers of each stack, by its prefix. A stack may have fewer layers than the other: -1 is the last of
    each. Raises UsageError for a layer that no stack has."""
    longest, chosen = spec.layers, {}
    for stack in spec.stacks:
        count = len(stack.layers)
        chosen[stack.prefix] = {
            index - shift
            for one_range in one_by_one(asked)
            for shift in [longest - count if from_the_end(one_range) else 0]
            for index in indices(one_range, longest, "layer")
            if 0 <= index - shift < count
        }
    return chosen


def written(asked: Indices) -> str:
    """The request as a user writes it: `0,2-3`."""
    return asked if isinstance(asked, str) else ",".join(map(str, asked))


def one_by_one(asked: Indices) -> list[Indices]:
    """Each range by itself."""
    return [*asked.split(",")] if isinstance(asked, str) else [(index,) for index in asked]


def from_the_end(one_range: Indices) -> bool:
    return one_range.strip().startswith("-") if isinstance(one_range, str) else one_range[0] < 0


def positions_of(
    asked: Indices, tokens: Tokens, what: str = "query", side: str = "", instead: str = ""
) -> tuple[int, ...]:
    """The positions of the requested tokens: by index, by a token's text, or several by their indices. The text is
    as tables show it, or without the mark of a word's beginning; composed and decomposed characters are the same.
    `side`: source or target, where there are both; `instead` says how to ask for the other.

    Raises UsageError where the text means no token, or several.
    """
    count = len(tokens)
    if not isinstance(asked, str):
        return indices(asked, count, what, N_("of the {side}", side=side) if side else "")
    if re.fullmatch(r"-?\d{1,18}", asked) and -count <= int(asked) < count:
        return (int(asked) % count,)
    exact = [i for i, text in enumerate(tokens.texts) if text == asked]
    shown = exact or [i for i, text in enumerate(tokens.texts) if _composed(asked) in _as_shown(text)]
    same = shown or [i for i, text in enumerate(tokens.texts) if _bare(text) == _bare(asked)]
    if len(same) == 1:
        return tuple(same)
    if same:
        found: dict[str, object] = {"what": what, "asked": asked, "listed": ", ".join(map(str, same))}
        raise UsageError(
            N_("--{what} {asked!r} is token {listed} of the {side}: several.", side=side, **found)
            if side
            else N_("--{what} {asked!r} is token {listed}: several.", **found),
            N_("Give the index: --{what} {same}", what=what, same=same[0]),
        )
    if not asked.strip():
        raise UsageError(N_("--{what} is empty: give a token, by its index or its text.", what=what))
    if all(c in "0123456789-, :[]" for c in asked):
        return indices(asked, count, what, N_("of the {side}", side=side) if side else "")
    if asked == "all":
        return tuple(range(count))
    pieces = _pieces_of(asked, tokens)
    if len(pieces) > 1:
        listed = ", ".join(f"{i} {tokens.texts[i]!r}" for i in pieces)
        found = {"asked": asked, "count": len(pieces), "listed": listed}
        raise UsageError(
            N_("{asked!r} is in {count} tokens of the {side}: {listed}.", side=side, **found)
            if side
            else N_("{asked!r} is in {count} tokens: {listed}.", **found),
            N_("Give one: --{what} {pieces}", what=what, pieces=pieces[-1]),
        )
    hint = nearest(asked, dict.fromkeys(map(_bare, tokens.texts)))
    raise UsageError(
        N_("no token {asked!r} in the {side}.", asked=asked, side=side or N_("sentence")),
        N_("{text} {following}", text=hint, following=instead) if instead else hint,
    )


def _pieces_of(text: str, tokens: Tokens) -> range:
    """The tokens that together spell a text, if the vocabulary split it; an empty range if none do."""
    for first in range(len(tokens)):
        for last in range(first + 1, min(first + 16, len(tokens)) + 1):
            if _bare("".join(tokens.texts[first:last])) == _bare(text):
                return range(first, last)
    return range(0)


def _bare(text: str) -> str:
    """A token without the marks that vocabularies put around words."""
    return _composed(text.strip(" ␣▁Ġ").removeprefix("##").removesuffix("</w>") or text)


def _as_shown(text: str) -> tuple[str, str]:
    """A token as it is, and as tables show it: `␣cat`."""
    return _composed(text), _composed(visible(text))


def _composed(text: str) -> str:
    return text if text.isascii() else normalize("NFC", text)
