"""What is taller than the window goes through a pager, and only that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Run, text_of
from tests.support.terminal import terminal

LONG = ("explain", "The cat sat on the mat")
SHORT = ("tokens", "The cat")
LAST = "what the attention adds"
"""Stands near the end of the long output."""


def pager(folder: Path, script: str) -> str:
    """A program that is a pager."""
    file = folder / "pager"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_tall_output_goes_through_the_pager_with_colors(tmp_path: Path) -> None:
    command = pager(tmp_path, 'echo "LESS=$LESS LV=$LV"; cat; echo "the end"')
    with terminal(*LONG, folder=tmp_path, ATTN_PAGER=command, PAGER="false") as window:
        assert window.end() == 0
    assert window.shown.startswith("LESS=FRX LV=-c\n")
    assert LAST in window.shown
    assert "\x1b[32m" in window.shown
    assert window.shown.endswith("the end\n")


def test_what_the_user_tells_less_stays(tmp_path: Path) -> None:
    command = pager(tmp_path, 'echo "LESS=$LESS LV=$LV"; cat')
    with terminal(*LONG, folder=tmp_path, PAGER=f"{command} | cat", LESS="S", LV="x") as window:
        assert window.end() == 0
    assert window.shown.startswith("LESS=S LV=x\n")


def test_output_that_fits_is_shown_as_it_is(tmp_path: Path) -> None:
    with terminal(*SHORT, folder=tmp_path, ATTN_PAGER="echo paged; cat") as window:
        assert window.end() == 0
    assert "index" in window.shown
    assert "paged" not in window.shown


@pytest.mark.parametrize(("rows", "paged"), [(8, False), (7, True)])
def test_a_line_is_left_for_the_prompt(tmp_path: Path, rows: int, paged: bool) -> None:
    with terminal(*SHORT, folder=tmp_path, rows=rows, ATTN_PAGER="echo paged; cat") as window:
        assert window.end() == 0
    assert len(window.shown.removeprefix("paged\n").splitlines()) == 7
    assert window.shown.startswith("paged\n") == paged


@pytest.mark.parametrize(
    ("before", "after", "environment"),
    [
        (["--no-pager"], [], {}),
        ([], ["--no-pager"], {}),
        ([], [], {"ATTN_PAGER": ""}),
        ([], [], {"ATTN_PAGER": "cat"}),
        ([], [], {"TERM": "dumb"}),
    ],
)
def test_there_need_be_none(
    tmp_path: Path, before: list[str], after: list[str], environment: dict[str, str]
) -> None:
    with terminal(*before, *LONG, *after, folder=tmp_path, **{"PAGER": "echo paged; cat"} | environment) as window:
        assert window.end() == 0
    assert LAST in window.shown
    assert "paged" not in window.shown


def test_a_pipe_and_a_file_never_go_through_one(attn: Run, tmp_path: Path) -> None:
    assert "paged" not in text_of(attn(*LONG, ATTN_PAGER="echo paged; cat", TERM="xterm"))
    with terminal(*LONG, "-o", "out.txt", folder=tmp_path, ATTN_PAGER="echo paged; cat") as window:
        assert window.end() == 0
    assert window.shown == ""
    assert LAST in (tmp_path / "out.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("command", "reason"),
    [("no-such-pager -R", "there is no program 'no-such-pager'"), ("false", "it ended with status 1"),
     ("true && no-such-pager", "it ended with status 127")],
)  # fmt: skip
def test_a_pager_that_fails_is_done_without(tmp_path: Path, command: str, reason: str) -> None:
    with terminal(*LONG, folder=tmp_path, PAGER=command) as window:
        assert window.end() == 0
    assert f"attn: note: no pager, for {command!r} cannot be used: {reason}.\n" in window.shown
    assert window.shown.count(LAST) == 1


def test_leaving_early_is_no_error(tmp_path: Path) -> None:
    many = "--file", "long.txt", "--seed", "0", "--layer", "all", "--head", "all", "--stage", "all", "--full"
    (tmp_path / "long.txt").write_text("a b c d e f " * 30)
    with terminal("explain", *many, folder=tmp_path, ATTN_PAGER="head -n 3") as window:
        assert window.end() == 0
    assert len(window.shown.splitlines()) == 3


def test_ctrl_c_belongs_to_the_pager(tmp_path: Path) -> None:
    command = pager(
        tmp_path, 'trap "echo interrupted" INT; cat; echo ready; read answer < /dev/tty; echo "$answer"'
    )
    with terminal(*LONG, folder=tmp_path, ATTN_PAGER=command) as window:
        window.until("ready")
        window.type("\x03")
        window.until("interrupted")
        assert window.process.poll() is None
        window.type("done\n")
        assert window.end() == 0
    assert window.shown.endswith("done\n")
    assert "Traceback" not in window.shown


def test_a_page_of_help_is_shown_page_by_page(tmp_path: Path) -> None:
    pager = {"ATTN_PAGER": "sed s/^/+/"}
    with terminal("help", "map", folder=tmp_path, **pager) as window:
        assert window.end() == 0
    assert window.shown.startswith("+Usage: attn map")
    for arguments in (("--no-pager", "help", "map"), ("help", "map", "--no-pager"), ("map", "-h")):
        with terminal(*arguments, folder=tmp_path, **pager) as window:
            assert window.end() == 0
        assert window.shown.startswith("Usage: attn map")


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less")
def test_less_shows_a_page_and_leaves_on_q(tmp_path: Path) -> None:
    with terminal(*LONG, folder=tmp_path) as window:
        window.until("as layer 0 left it")
        window.until(":")
        assert LAST not in window.shown
        window.type("G")
        window.until("(END)")
        assert LAST in window.shown
        window.type("q")
        assert window.end() == 0
    assert "Traceback" not in window.shown
