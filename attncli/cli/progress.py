"""A progress bar for long computations: on stderr, on a terminal only, and cleared at the end."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from attncli.language import ENGLISH, Say

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PATIENCE = 1.0
"""Seconds before the bar appears."""
INTERVAL = 0.1
"""Seconds between two updates."""


class Progress:
    """Shows the fraction of the work that is done. As a context it clears the bar at the end, also on errors."""

    def __init__(self, stream: TextIO | None = None, say: Say = ENGLISH) -> None:
        self.say = say
        self.stream = sys.stderr if stream is None else stream
        self.next = time.monotonic() + PATIENCE if self.stream.isatty() else float("inf")
        self.bar: Bar | None = None

    def __call__(self, fraction: float) -> None:
        """Updates the bar, if it is time to. `fraction`: of the work that is done, from 0 to 1."""
        if time.monotonic() < self.next:
            return
        if self.bar is None:
            self.bar = _bar(self.stream)
            self.bar.add_task(self.say("computing"), total=1.0)
            self.bar.start()
        self.bar.update(self.bar.task_ids[0], completed=fraction, refresh=True)
        self.next = time.monotonic() + INTERVAL

    def hide(self) -> None:
        """Clears the bar, so that something else can be written to the terminal; the next update draws it
        again."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def end(self) -> None:
        """Clears the bar for good: the terminal belongs to something else now."""
        self.hide()
        self.next = float("inf")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()


def _bar(stream: TextIO) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    # no extra thread, and standard output, where the answer goes, is left alone
    return Progress(
        *columns,
        console=Console(file=stream),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
