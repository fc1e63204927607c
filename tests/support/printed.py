"""Reads a printed worked example back: its sections, the numbers of its tables by row and column, its items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len

NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?"
PRODUCT = re.compile(rf"(\d+) +({NUMBER}) ?× *({NUMBER}) ?= *({NUMBER})")
SUM = re.compile(rf"(?:(\d+) more +({NUMBER}) )?= ({NUMBER})")
ENTRY = re.compile(rf"(\d+) +({NUMBER})")


@dataclass(frozen=True)
class Section:
    """What stands above a table, and the lines of the table: pairs of what is left and right of its bar."""

    captions: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]

    @property
    def formula(self) -> str:
        return self.captions[0]

    def vector(self) -> dict[int, str]:
        """The numbers of a vector, by their index."""
        return {int(i): text for _, line in self.rows for i, text in ENTRY.findall(line)}

    def vectors(self) -> dict[str, dict[int, str]]:
        """The numbers of the vector of each key, by their index."""
        return {
            label: {int(i): text for i, text in ENTRY.findall(line)} for label, line in self.products().items()
        }

    def products(self) -> dict[str, str]:
        """The items of each key, on one line."""
        lines: dict[str, str] = {}
        label = ""
        for name, line in self.rows:
            label = name.strip() or label
            lines[label] = lines.get(label, "") + "  " + line
        return lines

    def table(self) -> dict[str, dict[str, str]]:
        """By label and column; an empty cell is left out. Titles are two spaces apart, numbers flush right."""
        header, *rows = self.rows
        titles = [(match[0], match.end()) for match in re.finditer(r"\S+(?: \S+)*", header[1])]
        table: dict[str, dict[str, str]] = {}
        for label, line in rows:
            start, cells = 0, {}
            for title, end in titles:
                if text := line[start:end].strip():
                    cells[title] = text
                start = end
            table[label.strip()] = cells
        return table

    def steps(self) -> dict[str, tuple[str, str]]:
        """Of a chain: how each is computed, and the result."""
        parts = [(name, *line.split("│")) for name, line in self.rows]
        return {name.strip(): (how.strip(), value.strip()) for name, how, value in parts}


def sections(text: str) -> list[Section]:
    """Those of a text in which there is one worked example, wide enough for each table to be whole."""
    found = []
    for block in text.split("\n\n"):
        lines = block.splitlines()
        inner = [line.strip("│").partition("│") for line in lines if line.startswith("│")]
        rows = tuple((left[1:-1], right[1:-1]) for left, _, right in inner)
        if rows:
            found.append(Section(tuple(line for line in lines if line[0] not in "╭├╰│"), rows))
    return found


def framed_table_widths(text: str) -> list[set[int]]:
    """The widths of the lines of each framed table in a printed text."""
    tables: list[set[int]] = []
    for line in text.splitlines():
        if line.startswith("╭"):
            tables.append(set())
        if line.startswith(("╭", "│", "├", "╰")):
            tables[-1].add(cell_len(line))
    return tables
