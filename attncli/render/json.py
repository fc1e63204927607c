"""One JSON object, as in attncli/schemas/trace-1.json; the stages are written as they come."""

from __future__ import annotations

from typing import IO

from attncli.render import Options
from attncli.render.document import encode, head_object, stage_object
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


class _Writer:
    def __init__(self, head: Trace, output: IO[bytes]) -> None:
        self.output = output
        self.separator = b""
        output.write(encode(head_object(head))[:-1] + b',"stages":[')

    def stage(self, stage: Stage) -> None:
        self.output.write(self.separator + b"\n" + encode(stage_object(stage)))
        self.separator = b","

    def close(self) -> None:
        self.output.write(b"\n]}\n")


def writer(head: Trace, output: IO[bytes], options: Options) -> _Writer:
    return _Writer(head, output)
