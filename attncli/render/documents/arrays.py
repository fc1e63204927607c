"""A page as a file of named arrays: those of its sections, and the document without their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from attncli.errors import UsageError
from attncli.files import encode
from attncli.language import N_
from attncli.render.page.page import Arrays, Page, Record, Section

AsBytes = Callable[[Arrays, str], bytes]
"""Takes the arrays, and the document as JSON text."""


class ArraysWriter:
    """For formats that are written whole: keeps the arrays until the end."""

    def __init__(self, page: Page, output: IO[bytes], name: str, as_bytes: AsBytes) -> None:
        self.page, self.output, self.name, self.as_bytes = page, output, name, as_bytes
        self.arrays: Arrays = {}
        self.items: list[Record] = []

    def section(self, section: Section) -> None:
        if section.data is not None:
            self.arrays |= section.data.arrays()
            self.items += section.data.facts()

    def close(self) -> None:
        """Writes the file. Raises UsageError for a page that has no arrays."""
        if not self.arrays:
            raise UsageError(
                N_("{name} holds arrays of numbers, and this page has none.", name=self.name),
                N_("Use --json, --format csv or --format md."),
            )
        document: dict[str, Any] = {**self.page.head, self.page.items: self.items, **self.page.beside_arrays}
        self.output.write(self.as_bytes(self.arrays, encode(document).decode()))
