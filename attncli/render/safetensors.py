"""A trace as one safetensors file, as `Trace.save` writes and `Trace.load` reads it."""

from __future__ import annotations

from typing import IO

from attncli.render import Options
from attncli.render.arrays import Collector, safetensors_bytes
from attncli.tracing.trace import Trace


def writer(head: Trace, output: IO[bytes], options: Options) -> Collector:
    return Collector(head, output, safetensors_bytes)
