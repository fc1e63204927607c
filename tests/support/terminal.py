"""A terminal with a window and a keyboard: a command at one end, its reader at the other."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attncli

PATIENCE = 60.0
"""Seconds after which a command that says nothing is taken to hang."""


class Terminal:
    """A command in a window of its own. `shown` is all that it has written so far."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process, self.keyboard = process, keyboard
        self.shown = ""

    def until(self, text: str) -> str:
        """Reads until the text has been shown. Raises AssertionError where it is not."""
        while text not in self.shown:
            assert self._read(), f"{text!r} was not shown in {self.shown!r}"
        return self.shown

    def type(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def end(self) -> int:
        """Reads to the end, and gives the exit status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.keyboard], [], [], PATIENCE)
        assert ready, f"nothing happens after {self.shown!r}"
        try:
            data = os.read(self.keyboard, 1 << 16)
        except OSError:  # Linux: the other end is closed
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(
    *arguments: str, folder: Path, rows: int = 24, columns: int = 80, **environment: str
) -> Iterator[Terminal]:
    """Runs `attn` in a window of this size, with its keyboard."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {
        k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "LESS", "LV", "PAGER", "NO_COLOR")
    }
    here = {"TERM": "xterm", "LANGUAGE": "en", "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1",
            "PYTHONPATH": str(Path(attncli.__file__).parents[1])}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "attncli", *arguments],
        cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=kept | here | environment,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
