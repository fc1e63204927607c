"""Pages as PNG, by matplotlib (the extra `plot`)."""

from __future__ import annotations

from typing import IO

from attncli.language import Say
from attncli.render.page.page import Options, Page
from attncli.render.page.picture_style import UNITS_PER_INCH
from attncli.render.pictures.drawing import Drawing
from attncli.render.pictures.figure import figure_of, inches, needs_matplotlib
from attncli.render.pictures.sheet_writer import SheetWriter

SHARP, PRINT, MOST = 2 * UNITS_PER_INCH, 300.0, 40_000_000
"""Pixels for each inch: of a picture without a size, and of one whose size is not in pixels; fewer where the
picture would have more than MOST of them."""


def writer(page: Page, output: IO[bytes], options: Options) -> SheetWriter:
    """Raises AttnError where matplotlib is not installed."""
    needs_matplotlib("png")
    return SheetWriter(page, output, options, write_png)


def write_png(sheet: Drawing, output: IO[bytes], say: Say) -> None:
    """Writes a drawing as a PNG file."""
    figure = figure_of(sheet, say)
    width, height = inches(sheet)
    figure.savefig(output, format="png", dpi=min(_sharpness(sheet), (MOST / (width * height)) ** 0.5))


def _sharpness(sheet: Drawing) -> float:
    if sheet.style.size is None:
        return SHARP
    return UNITS_PER_INCH if sheet.style.size.unit == "px" else PRINT
