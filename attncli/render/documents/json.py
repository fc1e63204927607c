"""One JSON object: the head of a page, and in it the list of its items, written as they come."""

from __future__ import annotations

from typing import IO

from attncli.files import encode
from attncli.render.page.page import Options, Page, Section


class JsonWriter:
    def __init__(self, page: Page, output: IO[bytes]) -> None:
        self.output, self.items = output, page.items
        self.separator = b""
        head = encode(page.head)
        output.write(head[:-1] + b"," + encode(page.items) + b":[" if page.items else head)

    def section(self, section: Section) -> None:
        if section.data is None or not self.items:
            return
        for item in section.data.objects():
            self.output.write(self.separator + b"\n" + encode(item))
            self.separator = b","

    def close(self) -> None:
        self.output.write(b"\n]}\n" if self.items else b"\n")


def writer(page: Page, output: IO[bytes], options: Options) -> JsonWriter:
    return JsonWriter(page, output)
