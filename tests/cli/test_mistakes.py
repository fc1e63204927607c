"""What people type by mistake, and what attn answers: tests/cli/mistakes.txt, every word of it.

After a change of messages, ATTN_REWRITE=1 writes the file anew: read the difference as who made the mistake.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.support.mistaken_files import write_all
from tests.support.transcript import Mistake, mistakes, repeated, rewritten

TRANSCRIPT = Path(__file__).with_name("mistakes.txt")
MISTAKES = list(mistakes(TRANSCRIPT.read_text("utf-8")))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_all(folder)
    return folder


@pytest.fixture
def folder(files: Path, tmp_path: Path) -> Path:
    """The folder where commands run, with all of the files in it."""
    for file in files.iterdir():
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.typed for mistake in MISTAKES])
def test_a_mistake_gets_this_answer(attn: Run, folder: Path, mistake: Mistake) -> None:
    assert repeated(attn, mistake, folder) == mistake


def test_every_answer_is_a_line_or_two_and_says_what_is_wrong() -> None:
    for mistake in MISTAKES:
        lines = mistake.said.splitlines()
        assert lines[0].startswith("attn: error: "), mistake
        assert len(lines) <= 2, mistake
        assert mistake.code in (1, 2), mistake
        assert "Traceback" not in mistake.said


def test_no_mistake_is_in_the_table_twice() -> None:
    typed = [mistake.typed for mistake in MISTAKES]
    assert sorted(set(typed)) == sorted(typed)
    assert len(typed) >= 120


@pytest.mark.skipif("ATTN_REWRITE" not in os.environ, reason="only on request")
def test_the_table_is_written_anew(attn: Run, folder: Path) -> None:
    text = TRANSCRIPT.read_text("utf-8")
    TRANSCRIPT.write_text(rewritten(text, lambda mistake: repeated(attn, mistake, folder)), "utf-8")
