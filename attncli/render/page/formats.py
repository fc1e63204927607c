"""The list of media: one line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import IO, TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # the command line lists the formats before numpy is imported
    from attncli.render.page.maps import HeadMaps
    from attncli.render.page.page import Block, Options, Page, Section

Kind = Literal["words", "picture", "data", "arrays"]


@dataclass(frozen=True)
class Format:
    """A medium: its module, the file endings that mean it, and its kind. The module offers `writer(page, output,
    options)`, and `fitted(maps, output, options)` where it has less room than a sheet of paper. `words` and
    `picture` are for people, `data` is text for programs, `arrays` a binary file of named arrays. `binary`: not
    for a terminal. `streams`: each part can be read by itself, as soon as it is written; others are whole or
    nothing."""

    module: str
    suffixes: tuple[str, ...]
    kind: Kind
    binary: bool = False
    streams: bool = False


FORMATS = {
    "table": Format("attncli.render.terminal", (".txt",), "words", streams=True),
    "md": Format("attncli.render.documents.markdown", (".md",), "words"),
    "html": Format("attncli.render.documents.html", (".html", ".htm"), "words"),
    "svg": Format("attncli.render.pictures.svg", (".svg",), "picture"),
    "png": Format("attncli.render.pictures.png", (".png",), "picture", binary=True),
    "pdf": Format("attncli.render.pictures.pdf", (".pdf",), "picture", binary=True),
    "json": Format("attncli.render.documents.json", (".json",), "data"),
    "ndjson": Format("attncli.render.documents.ndjson", (".ndjson", ".jsonl"), "data", streams=True),
    "csv": Format("attncli.render.documents.csv", (".csv",), "data", streams=True),
    "npz": Format("attncli.render.documents.npz", (".npz",), "arrays", binary=True),
    "safetensors": Format("attncli.render.documents.safetensors", (".safetensors",), "arrays", binary=True),
}


WITHOUT_ARRAYS = ("versus", "model", "families", "stages")
"""The commands whose answers are words and single numbers, for which there is no file of arrays."""


def formats_of(command: str) -> tuple[str, ...]:
    """The formats that a command can write."""
    return tuple(name for name, f in FORMATS.items() if f.kind != "arrays" or command not in WITHOUT_ARRAYS)


def endings_of(command: str) -> tuple[str, ...]:
    """The file endings that mean a format that a command can write, one for each."""
    return tuple(FORMATS[name].suffixes[0] for name in formats_of(command))


class Writer(Protocol):
    """Writes one page. It has written the opening when it is made."""

    def section(self, section: Section) -> None:
        """Writes a section, at once where the medium allows it."""

    def close(self) -> None:
        """Ends the document."""


def open_writer(name: str, page: Page, output: IO[bytes], options: Options) -> Writer:
    """The writer of a format, for sections that come one by one. The sections of `page` itself are not written."""
    return _WithoutRepeats(import_module(FORMATS[name].module).writer(page, output, options))


class _WithoutRepeats:
    """Hands sections on to a writer, without the notes that a page needs once and that it had before."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.notes: set[str] = set()

    def section(self, section: Section) -> None:
        self.writer.section(replace(section, blocks=cache(lambda: list(self._new(section.blocks())))))

    def close(self) -> None:
        self.writer.close()

    def _new(self, blocks: Iterable[Block]) -> Iterator[Block]:
        from attncli.render.page.blocks import Note

        for block in blocks:
            if isinstance(block, Note) and block.once:
                if block.text in self.notes:
                    continue
                self.notes.add(block.text)
            yield block


def write(name: str, page: Page, output: IO[bytes], options: Options) -> None:
    """Writes a whole page."""
    writer = open_writer(name, page, output, options)
    for section in page.sections:
        writer.section(section)
    writer.close()


def fitted(name: str, maps: HeadMaps, output: IO[bytes], options: Options) -> HeadMaps:
    """The maps, which have no values yet, with their sides pooled to what the medium has room for: what its module
    says, or a sheet of paper."""
    module = import_module(FORMATS[name].module)
    if hasattr(module, "fitted"):
        pooled: HeadMaps = module.fitted(maps, output, options)
        return pooled
    return maps if options.full else maps.on_paper()


def format_of(file_name: str) -> str | None:
    """The format that a file's ending means, if any."""
    return next(_meant(file_name), None)


def _meant(file_name: str) -> Iterator[str]:
    return (name for name, known in FORMATS.items() if file_name.lower().endswith(known.suffixes))
