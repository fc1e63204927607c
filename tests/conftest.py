"""What the tests of the command line share: running it as a user does, in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

# Matrices here are small, and other tests run on the other cores. The commands run with as many threads, so that
# their numbers are those of this process to the last bit. numpy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.support.browser import chromium
from tests.support.running import Done, ForkServer, read_at_start, run_anew

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Run = Callable[..., Done]

# How long an example takes says more of what else the machine does than of the code
settings.register_profile("attn", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("attn")


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer | None]:
    """A process that has imported attn; None where there is no fork."""
    server = ForkServer.start() if hasattr(os, "fork") else None
    yield server
    if server is not None:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser without a window, for all tests of this process."""
    with chromium() as started:
        yield started


@pytest.fixture
def attn(tmp_path: Path, fork_server: ForkServer | None) -> Run:
    """Runs `attn` with the given arguments in an empty folder, 80 columns wide, in English, away from any hub.

    In a process forked from one that has imported attn. `anew=True` starts one from nothing, and so do a variable
    that the interpreter reads when it starts, and a module in the folder, which takes the place of another.
    """

    def run(*arguments: str, stdin: bytes = b"", anew: bool = False, **environment: str) -> Done:
        here = {"COLUMNS": "80", "LANGUAGE": "en", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
        env = os.environ | here | environment
        if fork_server is None or anew or read_at_start(environment) or any(tmp_path.glob("*.py")):
            return run_anew(arguments, tmp_path, stdin, env)
        return fork_server.run(arguments, tmp_path, stdin, env)

    return run


def text_of(done: Done) -> str:
    """What a command that must succeed printed."""
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def error_of(done: Done, code: int) -> str:
    """What a command that must fail said: one or two lines, no output, no traceback."""
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert done.stdout == b""
    assert said.startswith("attn: error: ")
    assert "Traceback" not in said
    assert 1 <= len(said.splitlines()) <= 2, said
    return said
