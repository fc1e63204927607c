"""One file a format. Each offers `writer(head, output, options)`: it is given the Trace without stages
(text, model, tokens) at the start and every stage as soon as it is computed, and knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import IO, TYPE_CHECKING, Protocol

from attncli.text.language import ENGLISH, Say

if TYPE_CHECKING:
    from attncli.tracing.stage import Stage
    from attncli.tracing.trace import Trace


@dataclass(frozen=True)
class Options:
    """How to show numbers: digits after the point, everything or what fits, how wide that is (None: as wide as the
    terminal), and the language that people are spoken to in."""

    precision: int = 4
    full: bool = False
    width: int | None = None
    say: Say = ENGLISH


@dataclass(frozen=True)
class Format:
    """A format's module, the file name endings that mean it, and whether it is for programs to read only."""

    module: str
    suffixes: tuple[str, ...]
    binary: bool = False


FORMATS = {
    "table": Format("attncli.render.table", (".txt",)),
    "json": Format("attncli.render.json", (".json",)),
    "ndjson": Format("attncli.render.ndjson", (".ndjson", ".jsonl")),
    "csv": Format("attncli.render.csv", (".csv",)),
    "npz": Format("attncli.render.npz", (".npz",), binary=True),
    "safetensors": Format("attncli.render.safetensors", (".safetensors",), binary=True),
    "md": Format("attncli.render.markdown", (".md",)),
}


class Writer(Protocol):
    """Takes the stages in order; `close` ends the document."""

    def stage(self, stage: Stage) -> None: ...

    def close(self) -> None: ...


def writer(name: str, head: Trace, output: IO[bytes], options: Options) -> Writer:
    """The writer of a format, which has written the document's beginning."""
    made: Writer = import_module(FORMATS[name].module).writer(head, output, options)
    return made


def format_of(file_name: str) -> str | None:
    """The format that a file's ending means, if any."""
    found = (name for name, f in FORMATS.items() if file_name.lower().endswith(f.suffixes))
    return next(found, None)
