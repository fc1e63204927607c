"""A vocabulary so large that a second process reads it gives what it gives when it is read here, whatever
becomes of that process."""

from __future__ import annotations

import json
import marshal
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from attncli.cli import tokenizer_process
from attncli.cli.tokenizer_process import tokenizing
from attncli.model.loading import load
from attncli.model.pipeline import prepare
from attncli.model.request import Input, ModelSource, Request
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import WORDS, write_gpt2

linux = pytest.mark.skipif(sys.platform != "linux", reason="the second process is for Linux")
SENTENCE = "the 猫 sat on the mat"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A model whose tokenizer.json is large; only the first words have rows in its embedding."""
    folder = write_gpt2(tmp_path / "large")
    words = [*WORDS, "猫", *(f"word-{i}-{'x' * 20}" for i in range(20_000))]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    assert (folder / "tokenizer.json").stat().st_size > tokenizer_process.WORTHWHILE
    return folder


@pytest.fixture
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def one_process(folder: Path) -> tuple[str, ...]:
    """Options by which the same tokenizer is read in the one process."""
    return ("--tokenizer", str(folder / "tokenizer.json"))


def request_for(folder: Path, text: str = SENTENCE) -> Request:
    return Request(Input(text=text), ModelSource(source=str(folder)))


def tokens_of(request: Request) -> list[str]:
    """The tokens as a command gets them."""
    with tokenizing(request) as with_tokens:
        return list(prepare(request, with_tokens(load(request.model))).tokens.texts)


def children() -> list[int]:
    """The processes that this one has started and not reaped."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


# ------------------------------------------------------------------ all goes well


@pytest.mark.parametrize("stage", ["weights", "probs", "all"])
def test_the_answer_is_the_same(attn: Run, large: Path, stage: str) -> None:
    top = () if stage == "weights" else ("--top", "3")
    command = ("explain", SENTENCE, "-m", str(large), "--stage", stage, *top, "--json")
    two, one = text_of(attn(*command)), text_of(attn(*command, *one_process(large)))
    assert json.loads(two) == json.loads(one)
    assert [t["text"] for t in json.loads(two)["tokens"]] == SENTENCE.split()


def test_truncation_and_standard_input_are_the_same(attn: Run, large: Path) -> None:
    command = ("explain", "-", "-m", str(large), "--truncate", "--json")
    text = b"the cat " * 20
    two, one = attn(*command, stdin=text), attn(*command, *one_process(large), stdin=text)
    assert json.loads(text_of(two)) == json.loads(text_of(one))


def test_errors_are_reported_as_ever(attn: Run, large: Path) -> None:
    assert "has id 4711" in error_of(attn("explain", "the word-4700-" + "x" * 20, "-m", str(large)), 2)
    assert "17 tokens" in error_of(attn("explain", "cat " * 17, "-m", str(large)), 2)
    assert "--pair" in error_of(attn("explain", "cat", "--pair", "mat", "-m", str(large)), 2)
    broken = (large / "tokenizer.json").read_text()[:-2]
    (large / "tokenizer.json").write_text(broken)
    assert "cannot be read as a tokenizer" in error_of(attn("explain", "cat", "-m", str(large)), 1)
    (large / "config.json").unlink()
    assert "no config.json" in error_of(attn("explain", "cat", "-m", str(large)), 1)


@linux
def test_a_second_process_is_used_where_there_are_two_cores(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = {0, 1}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    file = large / "tokenizer.json"
    assert tokenizer_process._worthwhile(file)
    cores.pop()
    assert not tokenizer_process._worthwhile(file)


@linux
@pytest.mark.usefixtures("_two_cores")
def test_the_second_process_does_the_work_and_is_reaped(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = children()
    answers: list[tuple[Any, ...] | None] = []
    received = tokenizer_process._received

    def watched(reader: int) -> tuple[Any, ...] | None:
        answers.append(received(reader))
        return answers[-1]

    monkeypatch.setattr(tokenizer_process, "_received", watched)
    assert tokens_of(request_for(large)) == SENTENCE.split()
    (answer,) = answers
    assert answer is not None
    assert answer[1] == tuple(SENTENCE.split())
    assert children() == before


# ------------------------------------------------------------------ something goes wrong with it


@linux
@pytest.mark.usefixtures("_two_cores")
@pytest.mark.parametrize("function", ["fork", "pipe"])
def test_a_system_without_room_for_it_is_no_error(
    large: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def refuse() -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    files = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, function, refuse)
    assert tokens_of(request_for(large)) == SENTENCE.split()
    assert len(os.listdir("/proc/self/fd")) == files


def killed_at_once(folder: Path, arguments: Any, writer: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_half_way(folder: Path, arguments: Any, writer: int) -> None:
    whole = marshal.dumps(((0, 1), ("the", "cat"), ((0, 3), (4, 7)), (0, 0)))
    os.write(writer, whole[: len(whole) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def writes_nonsense(folder: Path, arguments: Any, writer: int) -> None:
    os.write(writer, b"\xff\x00 what is this")
    os._exit(1)


def raises_an_error(
    folder: Path, arguments: Any, writer: int, tokenize: Any = tokenizer_process._tokenize
) -> None:
    tokenize(folder / "nowhere", arguments, writer)


@linux
@pytest.mark.usefixtures("_two_cores")
@pytest.mark.parametrize("fate", [killed_at_once, killed_half_way, writes_nonsense, raises_an_error])
def test_whatever_becomes_of_it_the_text_is_tokenized_here(
    large: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], fate: Any
) -> None:
    before = children()
    monkeypatch.setattr(tokenizer_process, "_tokenize", fate)
    assert tokens_of(request_for(large)) == SENTENCE.split()
    assert children() == before
    assert capfd.readouterr() == ("", "")


def sleeps(folder: Path, arguments: Any, writer: int) -> None:
    time.sleep(60)
    os._exit(0)


@linux
@pytest.mark.usefixtures("_two_cores")
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_does_not_outlive_a_command_that_ends_early(
    large: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    before, begun = children(), time.monotonic()
    monkeypatch.setattr(tokenizer_process, "_tokenize", sleeps)
    with pytest.raises(error), tokenizing(request_for(large)):  # noqa: PT012
        (child,) = set(children()) - set(before)
        raise error
    assert children() == before
    assert not Path(f"/proc/{child}").exists()
    assert time.monotonic() - begun < 30


@linux
@pytest.mark.usefixtures("_two_cores")
def test_a_caller_that_ignores_its_children_is_no_trouble(large: Path) -> None:
    """Where SIGCHLD is ignored the system reaps children by itself."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert tokens_of(request_for(large)) == SENTENCE.split()
    finally:
        signal.signal(signal.SIGCHLD, before)


@linux
def test_control_c_leaves_no_process_behind(large: Path) -> None:
    """The command is told of Ctrl-C alone, as by a program that has started it, while the second process reads."""
    script = (
        "import os, sys, time; os.sched_getaffinity = lambda _: {0, 1}\n"
        "from attncli.cli import tokenizer_process, main\n"
        "def wait(*_):\n"
        "    print(os.getpid(), flush=True); time.sleep(60); os._exit(0)\n"
        "tokenizer_process._tokenize = wait\n"
        f"main(['explain', 'the cat', '-m', {str(large)!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as command:
        assert command.stdout is not None
        child = int(command.stdout.readline())
        command.send_signal(signal.SIGINT)
        _, stderr = command.communicate(timeout=30)
    assert command.returncode == 130
    assert stderr.strip() == b""
    assert not Path(f"/proc/{child}").exists()


@linux
def test_control_c_right_after_the_fork_leaves_no_process_behind(large: Path) -> None:
    script = (
        "import os, signal, time; os.sched_getaffinity = lambda _: {0, 1}\n"
        "from attncli.cli import tokenizer_process, main\n"
        "fork = os.fork\n"
        "def interrupted():\n"
        "    pid = fork()\n"
        "    if pid:\n"
        "        print(pid, flush=True); os.kill(os.getpid(), signal.SIGINT)\n"
        "    return pid\n"
        "os.fork = interrupted\n"
        "tokenizer_process._tokenize = lambda *_: time.sleep(60) or os._exit(0)\n"
        f"main(['explain', 'the cat', '-m', {str(large)!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as command:
        stdout, _ = command.communicate(timeout=30)
    assert command.returncode == 130
    assert not Path(f"/proc/{int(stdout)}").exists()
