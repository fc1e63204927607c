"""One .npz file: the arrays by name, and the document without their numbers as the array `attn`."""

from __future__ import annotations

import io
from typing import IO

import numpy as np

from attncli.render.documents.arrays import ArraysWriter
from attncli.render.page.page import Arrays, Options, Page


def npz_bytes(arrays: Arrays, document: str) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{"attn": np.asarray(document)}, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def writer(page: Page, output: IO[bytes], options: Options) -> ArraysWriter:
    return ArraysWriter(page, output, "npz", npz_bytes)
