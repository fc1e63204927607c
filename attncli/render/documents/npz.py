"""One .npz file: the arrays by name, and the document without their numbers as the array `attn`."""

from __future__ import annotations

from typing import IO

from attncli.files import npz_bytes
from attncli.render.documents.arrays import ArraysWriter
from attncli.render.page.page import Options, Page


def writer(page: Page, output: IO[bytes], options: Options) -> ArraysWriter:
    return ArraysWriter(page, output, "npz", npz_bytes)
