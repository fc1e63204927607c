"""A transcript of mistakes: what was typed, what attn said, and the exit code. A section is

    $ attn explain The cat sat
    attn: error: …
    what to do instead
    [2]

Everything else is for the reader: headings, comments, empty lines. The command line is split as a shell does;
`< FILE` at its end gives the standard input.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Run

SECTION = re.compile(r"^\$ attn(?P<typed>.*)\n(?P<said>(?:(?!\[|\$).*\n)*?)\[(?P<code>\d+)\]$", re.MULTILINE)


@dataclass(frozen=True)
class Mistake:
    """What was typed after `attn`, what came on stderr, and the exit code."""

    typed: str
    said: str
    code: int


def mistakes(transcript: str) -> Iterator[Mistake]:
    for found in SECTION.finditer(transcript):
        yield Mistake(found["typed"].strip(), found["said"], int(found["code"]))


def repeated(attn: Run, mistake: Mistake, folder: Path) -> Mistake:
    """The same command line, tried again in a folder."""
    line, _, stdin = mistake.typed.partition(" < ")
    done = attn(*shlex.split(line), stdin=(folder / stdin).read_bytes() if stdin else b"")
    return Mistake(mistake.typed, done.stderr.decode(), done.returncode)


def rewritten(transcript: str, again: Callable[[Mistake], Mistake]) -> str:
    """The transcript with what is said today."""

    def section(found: re.Match[str]) -> str:
        now = again(Mistake(found["typed"].strip(), found["said"], int(found["code"])))
        return f"$ attn {now.typed}".rstrip() + f"\n{now.said}[{now.code}]"

    return SECTION.sub(section, transcript)
