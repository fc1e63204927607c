"""Errors for people, in a line or two: what is wrong, where, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from attncli.language import N_, Message, joined, listed

SYSTEM = (
    N_("No such file or directory"), N_("Permission denied"), N_("Operation not permitted"), N_("Is a directory"),
    N_("Not a directory"), N_("File name too long"), N_("File too large"), N_("No space left on device"),
    N_("Disk quota exceeded"), N_("Read-only file system"), N_("Input/output error"), N_("Bad file descriptor"),
    N_("Too many open files"), N_("Too many levels of symbolic links"), N_("Invalid argument"),
)  # fmt: skip
"""What the system says of files, marked for translation; `reason_of` looks them up by their English text."""


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


MOST = 60
"""How many known names an error lists."""


def nearest(word: str, known: Iterable[str], also: Iterable[str] = ()) -> Message:
    """`Did you mean …?` with the closest names, only those that differ in nothing but case if there are any; or,
    where none is close, `Known: …` with all the known ones. `also`: names that are offered where they are close,
    and not listed."""
    from difflib import get_close_matches

    names = list(known)
    offered = [*names, *also]
    same = [name for name in offered if name.lower() == word.lower()]
    close = same or get_close_matches(word, offered, n=3, cutoff=0.5)
    if close:
        return N_("Did you mean {names}?", names=alternatives(close))
    shown = names if len(names) <= MOST else [*names[:MOST], "…"]
    return N_("Known: {names}.", names=listed(*shown))


def reason_of(error: Exception) -> Message:
    """What an exception says, for a message that ends with it; translated if it was marked where it was raised, or
    is one of the reasons that the system gives."""
    if isinstance(error, OSError):
        return N_(error.strerror or str(error))
    reason = error.args[0] if len(error.args) == 1 else None
    return reason if isinstance(reason, Message) else joined("", str(error))


def alternatives(names: Iterable[str]) -> Message:
    """`a or b or c`."""
    first, *others = names
    return reduce(lambda listed, other: N_("{listed} or {other}", listed=listed, other=other), others,
                  joined("", first))  # fmt: skip


def together(names: Iterable[str]) -> Message:
    """`a and b and c`."""
    first, *others = names
    return reduce(lambda listed, other: N_("{listed} and {other}", listed=listed, other=other), others,
                  joined("", first))  # fmt: skip
