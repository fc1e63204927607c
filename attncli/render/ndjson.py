"""A JSON object a line: first the document without its stages, then each stage as it is computed."""

from __future__ import annotations

from typing import IO

from attncli.render import Options
from attncli.render.document import encode, head_object, stage_object
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


class _Writer:
    def __init__(self, head: Trace, output: IO[bytes]) -> None:
        self.output = output
        self._line(encode(head_object(head)))

    def stage(self, stage: Stage) -> None:
        self._line(encode(stage_object(stage)))

    def close(self) -> None:
        pass

    def _line(self, text: bytes) -> None:
        self.output.write(text + b"\n")
        self.output.flush()


def writer(head: Trace, output: IO[bytes], options: Options) -> _Writer:
    return _Writer(head, output)
