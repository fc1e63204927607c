"""Errors for people, in a line or two: what is wrong, where, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable


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


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?` with the closest known names, or, where none is close, `Known: …` with all of them."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(word, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(names)}."
