"""The size of the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def window(environment: Mapping[str, str]) -> tuple[int, int]:
    """The columns and rows of the window: by COLUMNS and LINES, else those of the first standard stream that is a
    terminal, else 80 and 24. What is no number above zero counts for nothing: some systems set COLUMNS=0."""
    columns, rows = (_number(environment.get(name, "")) for name in ("COLUMNS", "LINES"))
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        if stream is not None and not (columns and rows):
            try:
                size = os.get_terminal_size(stream.fileno())
            except (OSError, ValueError):  # no terminal, or closed
                continue
            columns, rows = columns or size.columns, rows or size.lines
    return columns or 80, rows or 24


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
