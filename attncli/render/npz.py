"""A trace as one .npz file: an array a stage, and the document without its numbers as the array `attn`."""

from __future__ import annotations

from typing import IO

from attncli.render import Options
from attncli.render.arrays import Collector, npz_bytes
from attncli.tracing.trace import Trace


def writer(head: Trace, output: IO[bytes], options: Options) -> Collector:
    return Collector(head, output, npz_bytes)
