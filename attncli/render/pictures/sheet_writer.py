"""The writer of media that are one picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from attncli.language import Say
from attncli.render.page.page import Options, Page, Section
from attncli.render.pictures.drawing import EDGE, Drawing
from attncli.render.pictures.layout import add_blocks


class SheetWriter:
    """Lays all sections out on one sheet, which `save` writes at the end."""

    def __init__(
        self, page: Page, output: IO[bytes], options: Options, save: Callable[[Drawing, IO[bytes], Say], None]
    ) -> None:
        self.output, self.options, self.save, self.sheet = output, options, save, Drawing(options.picture)
        if options.picture.title:
            self.sheet.title(options.picture.title)
        add_blocks(self.sheet, page.opening(), options)

    def section(self, section: Section) -> None:
        add_blocks(self.sheet, section.blocks(), self.options)

    def close(self) -> None:
        self.sheet.height += EDGE
        self.save(self.sheet, self.output, self.options.say)
