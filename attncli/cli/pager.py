"""Output that is taller than the window goes through a pager, as that of git does."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, cast

import click

from attncli.render.page.cells import cell_len
from attncli.render.page.window import window

SETTINGS = {"LESS": "FRX", "LV": "-c"}
"""What pagers are told where the user does not tell them: show colors, and leave the text on the screen."""
KEPT = 1 << 20
"""How many bytes are kept, to be written without the pager if that fails."""
COLORS = re.compile(r"\x1b\[[\d;]*m")
ASSIGNMENT = re.compile(r"\w+=")


def _charset() -> dict[str, str]:
    """What less must be told where it does not see by the locale that the text is UTF-8, as on a machine that
    lacks the reader's locale."""
    return {"LESSCHARSET": "utf-8"} if sys.stdout.encoding.lower() == "utf-8" else {}


def pager_for(environment: Mapping[str, str]) -> str:
    """The command of the pager; empty where the user wants none, and on a terminal that cannot move its cursor."""
    if environment.get("TERM", "dumb") == "dumb":
        return ""
    command = environment.get("ATTN_PAGER", environment.get("PAGER", "less")).strip()
    return "" if command == "cat" else command


@contextmanager
def paged(terminal: IO[bytes], command: str, before: Callable[[], None]) -> Iterator[IO[bytes]]:
    """An output that starts the pager as soon as there is more than the window has room for; until then the text
    is kept, and where it fits it is written to the terminal. Leaves when the reader has left the pager. `before`
    is called before the pager takes the screen."""
    output = Paged(terminal, command, before)
    try:
        yield cast(IO[bytes], output)
    finally:
        output.finish()


class Paged(io.BufferedIOBase):
    """Text for the terminal, by way of a pager where it is long. See `paged`."""

    def __init__(self, terminal: IO[bytes], command: str, before: Callable[[], None]) -> None:
        super().__init__()
        self.terminal, self.command, self.before = terminal, command, before
        self.columns, rows = window(os.environ)
        self.room = rows - 1  # the shell's prompt needs a line too
        self.line = ""
        self.kept: bytearray | None = bytearray()
        self.is_plain = False
        self.process: subprocess.Popen[bytes] | None = None

    def isatty(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.terminal.fileno()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Writes to the pager, or keeps the text until it is known whether one is needed. Raises BrokenPipeError
        where the reader has left the pager."""
        if self.kept is not None:
            self.kept += data
        if self.is_plain:
            self.terminal.write(data)
        elif self.process is not None:
            self._to_pager(self.process, data)
        else:
            self._count(data.decode("utf-8", "replace"))
            if self.room < 0:
                self._start()
        return len(data)

    def finish(self) -> None:
        """Writes what was kept, or waits until the reader leaves the pager. Ctrl-C is for the pager then."""
        process = self.process
        if process is None:
            self._plainly()
            return
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._close(process)
        finally:
            signal.signal(signal.SIGINT, former)

    def _count(self, text: str) -> None:
        """Takes the rows of the window that a text fills from those that are left."""
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            self.room -= max(1, -(-cell_len(COLORS.sub("", line)) // self.columns))
            if self.room < 0:
                return
        if len(self.line) > self.columns * (self.room + 1):
            self.room = -1

    def _start(self) -> None:
        program = next((word for word in _words(self.command) if not ASSIGNMENT.match(word)), "")
        self.before()
        if shutil.which(program) is None:
            self._fails(f"there is no program {program!r}")
            return
        self.process = subprocess.Popen(
            self.command, shell=True, stdin=subprocess.PIPE, env={**SETTINGS, **_charset(), **os.environ}
        )
        self._to_pager(self.process, bytes(self.kept or b""))

    def _to_pager(self, process: subprocess.Popen[bytes], data: bytes) -> None:
        if self.kept is not None and len(self.kept) > KEPT:
            self.kept = None
        assert process.stdin is not None
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except BrokenPipeError:
            self._close(process)
            if self.process is not None:
                raise

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        """Waits for the end of the pager. Writes the text without it where it failed."""
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # the reader has seen enough
            process.stdin.close()
        status = process.wait()
        if status > 0 and self.kept is not None:
            self.process = None
            self._fails(f"it ended with status {status}")

    def _fails(self, reason: str) -> None:
        """Says that there is no pager, and goes on without."""
        message = f"attn: note: no pager, for {self.command!r} cannot be used: {reason}."
        click.echo(message, err=True)
        self._plainly()

    def _plainly(self) -> None:
        """Writes to the terminal what was kept, and from now on everything."""
        if not self.is_plain:
            self.terminal.write(bytes(self.kept or b""))
        self.terminal.flush()
        self.is_plain, self.kept = True, None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quote without its partner: the shell will say so
        return command.split()
