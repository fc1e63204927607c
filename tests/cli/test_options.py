"""The options of commands: cheap to list, and read in one place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attncli.cli import COMMANDS
from attncli.insights.sorts import SORTS

CLI = Path(__file__).parent.parent.parent / "attncli" / "cli"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_does_not_import_numpy(command: str) -> None:
    script = (
        "import sys\nfrom attncli.cli import main\n"
        f"try: main([*{command.split()!r}, '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'numpy', 'rich', 'tokenizers', 'orjson', 'tempfile'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_options_are_read_by_their_names_in_one_place() -> None:
    by_name = re.compile(r"options\[|options\.get\(")
    readers = [file.name for file in CLI.rglob("*.py") if by_name.search(file.read_text("utf-8"))]
    assert readers == ["requests.py"]


def test_the_sorts_that_help_lists_are_those_of_the_maps() -> None:
    from attncli.insights.patterns import PATTERNS

    assert ("layer", *PATTERNS, "entropy") == SORTS
