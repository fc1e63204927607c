"""Errors for people, in a line or two: what is wrong, where, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from attncli.language import N_, Message, joined


class AttnError(Exception):
    """Bad data: a broken file, a wrong shape, an unusable input. `hint` says what to do. Exit status 1."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\n{hint}")
        self.message = message
        self.hint = hint


class UsageError(AttnError):
    """Options that make no sense for this model or command. Exit status 2."""

    exit_code = 2


def nearest(word: str, known: Iterable[str], also: Iterable[str] = ()) -> Message:
    """`Did you mean …?` with the closest names, or, where none is close, `Known: …` with all the known ones.
    `also`: names that are offered where they are close, and not listed."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(word, [*names, *also], n=3, cutoff=0.5)
    if close:
        return N_("Did you mean {names}?", names=alternatives(close))
    return N_("Known: {names}.", names=", ".join(names))


def alternatives(names: Iterable[str]) -> Message:
    """`a or b or c`."""
    first, *others = names
    return reduce(lambda listed, other: N_("{listed} or {other}", listed=listed, other=other), others,
                  joined("", first))  # fmt: skip
