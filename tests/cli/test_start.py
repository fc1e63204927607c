"""Every command starts from nothing, as in a shell; and a fork, which other tests use, gives the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attncli.cli import COMMANDS
from tests.conftest import Run, text_of

GOLDEN = Path(__file__).parent.parent / "golden"
EXAMPLES = {
    "explain": ("explain", "The cat sat", "--query", "cat"),
    "map": ("map", "The cat sat"),
    "tokens": ("tokens", "The cat sat"),
    "versus": ("versus", "The cat sat", "--only", "order"),
    "pe": ("pe", "--length", "3"),
    "model": ("model", str(GOLDEN / "llama-grouped")),
    "families": ("families", "llama"),
    "stages": ("stages", "weights"),
    "schema": ("schema", "trace"),
    "completion": ("completion", "bash"),
    "help": ("help", "explain"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_starts_from_nothing_and_says_what_a_fork_says(attn: Run, name: str) -> None:
    shown = text_of(attn(*EXAMPLES[name]))
    assert shown
    assert text_of(attn(*EXAMPLES[name], anew=True)) == shown


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("--version",), 0), (("explain", "--help"), 0), (("explain",), 2), (("explain", "-", "--file", "x"), 2),
     (("explain", "-m", "nowhere/x", "a"), 1)],
)  # fmt: skip
def test_a_fork_gives_the_status_and_both_streams_of_a_process(
    attn: Run, arguments: tuple[str, ...], status: int
) -> None:
    forked, fresh = attn(*arguments, stdin=b"a b"), attn(*arguments, stdin=b"a b", anew=True)
    assert (forked.stdout, forked.stderr, forked.returncode) == (fresh.stdout, fresh.stderr, fresh.returncode)
    assert fresh.returncode == status


def test_a_command_leaves_nothing_to_the_next(attn: Run, tmp_path: Path) -> None:
    before = Path.cwd(), dict(os.environ)
    first = text_of(attn("families"))
    text_of(attn("families", "--lang", "ja", COLUMNS="40"))
    attn("explain", "a b", "--json", "-o", "trace.json")
    assert text_of(attn("families")) == first
    assert {file.name for file in tmp_path.iterdir()} == {"trace.json"}
    assert before == (Path.cwd(), dict(os.environ))


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (("--help",), {"numpy", "rich", "tokenizers"}),
        (("explain", "--help"), {"numpy", "rich", "tokenizers"}),
        (("map", "--help"), {"numpy", "rich", "tokenizers"}),
        (("pe", "--help"), {"numpy", "rich", "tokenizers"}),
        (("schema", "trace"), {"numpy", "rich", "tokenizers"}),
        (("explain", "a b", "--json"), {"rich", "huggingface_hub", "matplotlib"}),
        (("map", "a b"), {"attncli.render.page.colors", "rich.table", "numpy.ma", "matplotlib"}),
    ],
)
def test_nothing_is_imported_that_a_command_does_not_need(
    tmp_path: Path, arguments: tuple[str, ...], left_out: set[str]
) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "attncli", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "attncli.cli" in imported
    assert not left_out & imported
