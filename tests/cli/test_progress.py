"""The bar for what takes long: on a terminal's stderr only, and gone in the end."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import attncli
from attncli.cli import progress
from attncli.model.running import run
from attncli.stages.selecting import select
from attncli.tracing.selection import Selection

ERASE_LINE = "\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("_impatient")
def test_it_shows_the_fraction_and_is_gone_in_the_end() -> None:
    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt), progress.Progress(terminal) as bar:  # noqa: PT012
        bar(0.25)
        assert "25%" in terminal.getvalue()
        raise KeyboardInterrupt
    assert terminal.getvalue().rstrip("\r").endswith(ERASE_LINE)


@pytest.mark.usefixtures("_impatient")
def test_it_makes_way_for_what_is_written_and_comes_back() -> None:
    terminal = Terminal()
    with progress.Progress(terminal) as bar:
        bar(0.5)
        bar.hide()
        assert terminal.getvalue().rstrip("\r").endswith(ERASE_LINE)
        bar(0.75)
        assert "75%" in terminal.getvalue()


@pytest.mark.usefixtures("_impatient")
def test_a_pipe_stays_empty() -> None:
    pipe = io.StringIO()
    with progress.Progress(pipe) as bar:
        bar(0.5)
    assert pipe.getvalue() == ""


def test_what_is_quick_shows_nothing() -> None:
    terminal = Terminal()
    with progress.Progress(terminal) as bar:
        bar(0.5)
    assert terminal.getvalue() == ""


def test_the_fraction_grows_from_nothing_towards_one() -> None:
    model = attncli.load_model(seed=0, layers=3)
    tokens = attncli.tokenize(model, "The cat sat")
    model = model.bind(model, tokens)
    told: list[float] = []
    chosen = Selection(tuple(select(model.spec, ["layers.1.attn.weights"], None)))
    run(model, tokens, chosen, lambda stage: None, progress=told.append)
    assert told == sorted(told)
    assert told == [0.0, 0.5]  # the third layer is not needed


def test_standard_output_is_the_same_where_stderr_is_a_terminal(tmp_path: Path) -> None:
    """Without its patience, the bar is drawn between any two stages."""
    script = "from attncli.cli import main, progress; progress.PATIENCE = progress.INTERVAL = 0; main()"
    command = [sys.executable, "-c", script, "explain", "The cat sat", "--layer", "all"]
    quiet = subprocess.run(command, capture_output=True, check=True)
    ours, theirs = pty.openpty()
    shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    bar = os.read(ours, 1 << 16)
    os.close(ours)
    assert quiet.stderr == b""
    assert shown.stdout == quiet.stdout
    assert b"computing" in bar
