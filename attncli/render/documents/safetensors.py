"""One safetensors file: the arrays of numbers by name, and the document without them as the metadata `attn`."""

from __future__ import annotations

from typing import IO

from attncli.render.documents.arrays import ArraysWriter
from attncli.render.page.page import Arrays, Options, Page


def safetensors_bytes(arrays: Arrays, document: str) -> bytes:
    from safetensors.numpy import save

    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "iuf"}
    data: bytes = save(numbers, metadata={"attn": document})
    return data


def writer(page: Page, output: IO[bytes], options: Options) -> ArraysWriter:
    return ArraysWriter(page, output, "safetensors", safetensors_bytes)
