"""A writer for formats that can only be written whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO

from attncli.tracing.file import npz_bytes, safetensors_bytes
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

__all__ = ["Collector", "npz_bytes", "safetensors_bytes"]


class Collector:
    """Keeps the stages until the end, and then writes them at once."""

    def __init__(
        self, head: Trace, output: IO[bytes], as_bytes: Callable[[Trace, Sequence[Stage]], bytes]
    ) -> None:
        self.head, self.output, self.as_bytes = head, output, as_bytes
        self.stages: list[Stage] = []

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def close(self) -> None:
        self.output.write(self.as_bytes(self.head, self.stages))
