"""A medium that is one file: the class and the text of every block, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import IO

from attncli.render.page.page import Block, Options, Page, Section


class ToyWriter:
    def __init__(self, page: Page, output: IO[bytes], options: Options) -> None:
        self.output = output
        self._write(page.opening())

    def section(self, section: Section) -> None:
        self._write(section.blocks())

    def close(self) -> None:
        self.output.write(b"end\n")

    def _write(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            texts = [str(value) for f in fields(block) if isinstance(value := getattr(block, f.name), str)]
            line = f"{type(block).__name__}: {' | '.join(texts)}"
            self.output.write(line.replace("\n", " ").encode() + b"\n")


def writer(page: Page, output: IO[bytes], options: Options) -> ToyWriter:
    return ToyWriter(page, output, options)
