"""One safetensors file: the arrays of numbers by name, and the document without them as the metadata `attn`."""

from __future__ import annotations

from typing import IO

from attncli.files import safetensors_bytes
from attncli.render.documents.arrays import ArraysWriter
from attncli.render.page.page import Arrays, Options, Page


def numbers(arrays: Arrays, document: str) -> bytes:
    """The file; arrays of text, which the format cannot hold, are in the document alone."""
    return safetensors_bytes({name: a for name, a in arrays.items() if a.dtype.kind in "iuf"}, document)


def writer(page: Page, output: IO[bytes], options: Options) -> ArraysWriter:
    return ArraysWriter(page, output, "safetensors", numbers)
