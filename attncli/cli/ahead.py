"""Tokenizing in a process of its own, while this one imports what the arithmetic needs.

A vocabulary of 50,000 words takes as long to read as numpy to import, and a quarter of the time of a short answer;
a thread would not help, since reading it holds the interpreter's lock.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attncli import story

if TYPE_CHECKING:
    from attncli.model.running import Model
    from attncli.text.tokens import Tokens

WORTHWHILE = 500_000
"""Bytes of a tokenizer.json from which on a second process costs less than it saves."""


def begin(options: dict[str, Any], text: str | None) -> Callable[[Model], Model]:
    """Begins to tokenize, where it is worthwhile. Gives what makes a loaded model use the result.

    Whatever goes wrong on the way is not told: the model then tokenizes by itself, and tells.
    """
    if options["model"] in (None, story.NAME):
        return lambda model: model
    folder = Path(options["model"])
    wanted = (text, options["pair"], options["special_tokens"], None)
    if text is None or options["truncate"] or options["tokenizer"] or not _worthwhile(folder / "tokenizer.json"):
        return lambda model: model
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _tokenize(folder, wanted, writer)
    os.close(writer)

    def prepared(model: Model) -> Model:
        own = model.tokenizer
        assert own is not None

        @cache
        def received() -> bytes:
            with os.fdopen(reader, "rb") as pipe:
                return pipe.read()

        def encode(*asked: Any) -> Tokens:
            from attncli.text.tokens import Tokens

            parts = received() if asked == wanted else b""
            if not parts:
                return own.encode(*asked)
            ids, texts, spans, types = marshal.loads(parts)
            return Tokens(ids, texts, spans, types, word=lambda i: own.from_ids([i]).texts[0])

        return replace(model, tokenizer=replace(own, encode=encode))

    return prepared


def _worthwhile(file: Path) -> bool:
    """Linux alone: elsewhere a fork is slow, unsafe or not to be had."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    return file.is_file() and file.stat().st_size > WORTHWHILE


def _tokenize(folder: Path, wanted: tuple[Any, ...], writer: int) -> None:
    """The work of the second process, which ends here and must not touch what it shares with the first."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        from attncli.text.tokenizer_files import open_tokenizer

        tokenizer = open_tokenizer(folder)
        if tokenizer is not None:
            tokens = tokenizer.encode(*wanted)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(marshal.dumps((tokens.ids, tokens.texts, tokens.spans, tokens.types)))
    finally:
        os._exit(0)
