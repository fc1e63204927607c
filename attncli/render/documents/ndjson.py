"""One JSON object per line: first the head of the page, then each item as it is computed."""

from __future__ import annotations

from typing import IO

from attncli.files import encode
from attncli.render.page.page import Options, Page, Record, Section


class NdjsonWriter:
    def __init__(self, page: Page, output: IO[bytes]) -> None:
        self.output = output
        self._line(page.head)

    def section(self, section: Section) -> None:
        for item in () if section.data is None else section.data.objects():
            self._line(item)

    def close(self) -> None:
        """Every line is written already."""

    def _line(self, record: Record) -> None:
        self.output.write(encode(record) + b"\n")
        self.output.flush()


def writer(page: Page, output: IO[bytes], options: Options) -> NdjsonWriter:
    return NdjsonWriter(page, output)
