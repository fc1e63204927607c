"""Standard input, output and error: UTF-8 in every locale, closed, full, broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run, error_of, text_of


def test_invalid_utf8_on_standard_input_names_the_byte(attn: Run) -> None:
    assert "byte 0xff at offset 3" in error_of(attn("explain", "-", stdin=b"abc\xff"), 1)


def test_invalid_utf8_in_the_argument_is_refused(attn: Run) -> None:
    assert "not UTF-8" in error_of(attn("explain", os.fsdecode(b"abc\xff")), 1)


@pytest.mark.parametrize("flag", ["--pair", "--target", "--query", "--key"])
def test_invalid_utf8_in_an_option_is_refused(attn: Run, flag: str) -> None:
    said = error_of(attn("explain", "a b", flag, os.fsdecode(b"abc\xff")), 1)
    assert f"{flag} is not UTF-8: byte 0xff at offset 3" in said


def test_text_is_utf8_in_every_locale(attn: Run) -> None:
    for command in (("explain", "猫 が", "--seed", "0", "--query", "猫", "--json"), ("tokens", "猫 が", "--json")):
        plain = attn(*command, LC_ALL="C", PYTHONUTF8="0")
        assert text_of(plain) == text_of(attn(*command))


@pytest.mark.parametrize(
    ("closed", "says"),
    [("<&-", "standard input is closed"), (">&-", "standard output is closed"), ("2>&-", "")],
)
def test_closed_streams_are_told(tmp_path: Path, closed: str, says: str) -> None:
    command = f'"{sys.executable}" -m attncli explain - {closed}'
    done = subprocess.run(["sh", "-c", command], input=b"", capture_output=True, check=False, cwd=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == (1 if says else 2)
    assert says in said
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("format_", ["table", "json", "npz", "csv"])
def test_a_full_disk_is_told(attn: Run, format_: str) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "attncli", "explain", "the cat", "--format", format_]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert said.startswith("attn: error: ")
    assert "No space left" in said
    assert len(said.splitlines()) == 1


def test_a_closed_pipe_ends_quietly() -> None:
    command = (
        f"{sys.executable} -m attncli explain 'a b c d e f g h' --layer all --stage all --head all | head -n 1"
    )
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""


def test_control_c_ends_with_130_and_no_traceback() -> None:
    command = [sys.executable, "-m", "attncli", "explain", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        time.sleep(1.5)  # it is waiting for its standard input by now
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in said


def test_a_terminal_that_lacks_a_character_still_gets_the_numbers(attn: Run) -> None:
    done = attn("explain", "猫 cat", "--seed", "0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert b"layers.0.attn.weights" in done.stdout
    assert b"\\u732b" in done.stdout


@pytest.mark.parametrize("source", [["-"], ["--file", "text"]])
def test_a_byte_order_mark_and_the_last_line_end_are_no_text(attn: Run, tmp_path: Path, source: list[str]) -> None:
    plain, marked = b"The cat", b"\xef\xbb\xbfThe cat\r\n"
    (tmp_path / "text").write_bytes(marked)
    tokens = text_of(attn("tokens", *source, "--json", stdin=marked))
    assert tokens == text_of(attn("tokens", "-", "--json", stdin=plain))


def test_numpy_says_nothing_of_broken_numbers(attn: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal((4, 4), np.float32) for name in ("w_q", "w_k", "w_v", "embedding")}
    weights["w_q"][0, :2] = np.inf
    weights["w_k"][:] *= np.float32(1e38)
    np.savez(tmp_path / "broken.npz", **weights)
    arguments = "--ids", "0,1,2", "-m", "broken.npz"
    query = "explain", "--query", "2"
    for command in (("explain",), query, (*query, "--key", "1"), ("map",)):
        said = attn(*command, *arguments).stderr.decode()
        assert all(line.startswith("attn: ") for line in said.splitlines()), said
        assert "NaN or infinite" in said
