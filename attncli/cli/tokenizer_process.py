"""Tokenizes in a second process, while this one imports what the arithmetic needs.

Reading a vocabulary of 50,000 words takes as long as importing numpy, and a quarter of the time of a short
answer. A thread would not help: reading the vocabulary holds the interpreter's lock.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from attncli import story

if TYPE_CHECKING:
    from attncli.model.model import Model
    from attncli.model.request import Request
    from attncli.text.tokens import Tokens

WORTHWHILE = 500_000
"""The size of tokenizer.json in bytes from which a second process saves more time than it costs."""

Arguments = tuple[str, str | None, bool, None]
"""The arguments of `Tokenizer.encode`."""


@dataclass(frozen=True)
class _Child:
    """The second process."""

    pid: int
    reader: int
    """The end of the pipe from which its answer is read."""


@contextmanager
def tokenizing(request: Request) -> Iterator[Callable[[Model], Model]]:
    """Starts to tokenize in a second process, if that saves time. Yields a function that makes a loaded model use
    the result. The process does not outlive the context.

    If the process fails, the model tokenizes by itself, and reports what is wrong with the text or the tokenizer.
    """
    arguments = _arguments(request)
    folder = Path(request.model.source or "")
    if arguments is None:
        yield lambda model: model
        return
    child = None
    try:
        with _interrupts_held():  # a Ctrl-C between the fork and the assignment would leave the process behind
            child = _fork(folder, arguments)
        if child is None:
            yield lambda model: model
        else:
            received = cache(partial(_received, child.reader))
            yield lambda model: _with_result(model, arguments, received)
    finally:
        if child is not None:
            os.close(child.reader)
            _end(child.pid)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the context."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _arguments(request: Request) -> Arguments | None:
    """What to tokenize; None if a second process would save no time, or needs the model's limits to do it."""
    source, asked = request.model.source, request.input
    if source in (None, story.NAME) or request.model.tokenizer or asked.text is None or asked.truncate:
        return None
    if not _worthwhile(Path(source or "") / "tokenizer.json"):
        return None
    return asked.text, asked.pair, asked.special_tokens, None


def _worthwhile(file: Path) -> bool:
    """Only on Linux: elsewhere fork is slow, unsafe or missing."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    try:
        return file.is_file() and file.stat().st_size > WORTHWHILE
    except OSError:  # the reader of the file reports what is wrong
        return False


def _fork(folder: Path, arguments: Arguments) -> _Child | None:
    """Starts the second process; None if the system cannot start one."""
    try:
        reader, writer = os.pipe()
    except OSError:
        return None
    try:
        pid = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return None
    if pid == 0:
        _tokenize(folder, arguments, writer)
    os.close(writer)
    return _Child(pid, reader)


def _tokenize(folder: Path, arguments: Arguments, writer: int) -> NoReturn:
    """The work of the second process. The process ends here, silently, and without the first one's clean-up."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        from attncli.text.tokenizer_files import open_tokenizer

        tokenizer = open_tokenizer(folder)
        if tokenizer is not None:
            tokens = tokenizer.encode(*arguments)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(marshal.dumps((tokens.ids, tokens.texts, tokens.spans, tokens.types)))
    finally:
        os._exit(0)


def _received(reader: int) -> tuple[Any, ...] | None:
    """The second process's answer; None if there is none, or only part of one."""
    try:
        with os.fdopen(reader, "rb", closefd=False) as pipe:
            ids, texts, spans, types = marshal.loads(pipe.read())
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return ids, texts, spans, types


def _with_result(model: Model, arguments: Arguments, received: Callable[[], tuple[Any, ...] | None]) -> Model:
    """The model with a tokenizer that takes the second process's answer for these arguments."""
    own = model.tokenizer
    assert own is not None

    def encode(*asked: Any) -> Tokens:
        from attncli.text.tokens import Tokens

        result = received() if asked == arguments else None
        if result is None:
            return own.encode(*asked)
        ids, texts, spans, types = result
        return Tokens(ids, texts, spans, types, word=lambda i: own.from_ids([i]).texts[0])

    return replace(model, tokenizer=replace(own, encode=encode))


def _end(pid: int) -> None:
    """Ends the second process, if it still runs, and collects its exit status, so that no zombie is left."""
    with suppress(ChildProcessError, ProcessLookupError):  # already reaped by the system, if SIGCHLD is ignored
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
