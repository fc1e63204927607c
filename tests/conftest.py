"""What the tests of the command line share: running it as a user does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def attn(tmp_path: Path) -> Run:
    """Runs `attn` with the given arguments in an empty folder, 80 columns wide, in English, away from any hub."""

    def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        here = {"COLUMNS": "80", "LANGUAGE": "en", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
        env = os.environ | here | environment
        command = [sys.executable, "-m", "attncli", *arguments]
        return subprocess.run(command, cwd=tmp_path, input=stdin, capture_output=True, env=env, check=False)

    return run


def text_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a command that must succeed printed."""
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def error_of(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """What a command that must fail said: one or two lines, no output, no traceback."""
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert done.stdout == b""
    assert said.startswith("attn: error: ")
    assert "Traceback" not in said
    assert 1 <= len(said.splitlines()) <= 2, said
    return said
