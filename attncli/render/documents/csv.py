"""CSV: a line for each row of the data. A document without items becomes a line for each of its facts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

from attncli.render.page.page import Options, Page, Record, Section
from attncli.text.visible import harmless


class CsvWriter:
    def __init__(self, page: Page, output: IO[bytes]) -> None:
        self.output = output
        self.columns = list(page.columns)
        if self.columns:
            self._lines([self.columns])
        if not page.items:
            self._rows(facts(page.head))

    def section(self, section: Section) -> None:
        if section.data is not None:
            self._rows(section.data.rows())

    def close(self) -> None:
        """Every line is written already."""

    def _rows(self, rows: Iterable[Record]) -> None:
        waiting = iter(rows)
        if not self.columns:
            first = next(waiting, None)
            if first is None:
                return
            self.columns = list(first)
            self._lines([self.columns])
            waiting = chain([first], waiting)
        self._lines([_cell(row.get(column, "")) for column in self.columns] for row in waiting)

    def _lines(self, lines: Iterable[list[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        self.output.write(text.getvalue().encode())


def _cell(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def facts(value: Any, path: str = "") -> Iterator[Record]:
    """Every word and number of a document, with the path to it."""
    if not isinstance(value, dict | list | tuple):
        yield {"fact": path, "value": value}
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield from facts(item, f"{path}.{key}" if path else str(key))


def writer(page: Page, output: IO[bytes], options: Options) -> CsvWriter:
    return CsvWriter(page, output)
