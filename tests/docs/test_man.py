"""The manual pages are those of the commands as they are, and well formed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import man  # noqa: E402

PAGES = dict(man.pages())


def test_the_manual_pages_are_current() -> None:
    stored = {file.name: file.read_text("utf-8") for file in man.FOLDER.iterdir()}
    assert stored == PAGES, "run python tools/man.py"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_sections_of_a_manual_page(name: str) -> None:
    headings = [line.removeprefix(".SH ") for line in PAGES[name].splitlines() if line.startswith(".SH ")]
    expected = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "OPTIONS", "EXIT STATUS", "SEE ALSO"]
    assert [heading for heading in headings if heading != "COMMANDS"] == expected


def test_a_text_begins_no_request_and_keeps_its_hyphens_and_backslashes() -> None:
    assert man.escaped(".npz or 'x'") == r"\&.npz or 'x'"
    assert man.escaped(r"--layer a\b") == r"\-\-layer a\eb"


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="no mandoc here")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed(name: str) -> None:
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", man.FOLDER / name], capture_output=True, text=True)
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []
