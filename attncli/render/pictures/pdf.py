"""Pages as PDF, by matplotlib (the extra `plot`): lines and letters, no pixels, and the fonts in the file."""

from __future__ import annotations

from functools import partial
from typing import IO

from attncli.language import Say
from attncli.render.page.page import Options, Page
from attncli.render.page.text import safe
from attncli.render.pictures.drawing import Drawing
from attncli.render.pictures.figure import figure_of, needs_matplotlib
from attncli.render.pictures.sheet_writer import SheetWriter

TRUETYPE = 42
"""The kind of fonts that printers and publishers take (Type 3, matplotlib's default, many refuse)."""


def writer(page: Page, output: IO[bytes], options: Options) -> SheetWriter:
    """Raises AttnError where matplotlib is not installed."""
    needs_matplotlib("pdf")
    return SheetWriter(page, output, options, partial(write_pdf, options.picture.title or page.title))


def write_pdf(title: str, sheet: Drawing, output: IO[bytes], say: Say) -> None:
    """Writes a drawing as a PDF file."""
    from matplotlib import rc_context

    # without a date, the same page gives the same file
    with rc_context({"pdf.fonttype": TRUETYPE}):
        figure = figure_of(sheet, say)
        figure.savefig(output, format="pdf", metadata={"Title": safe(title), "CreationDate": None})
