"""The README shows what the commands print now."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import readme  # noqa: E402


def test_the_readme_shows_what_the_commands_print() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert readme.same(readme.refreshed(text), text)
