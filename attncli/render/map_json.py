"""Maps for programs: one JSON object, as in attncli/schemas/map-1.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from attncli.insights.maps import HeadMap, Section, Side
from attncli.render.document import encode, head_object
from attncli.render.map_drawing import fitted
from attncli.render.page.page import Options
from attncli.tracing.trace import Trace


class MapJson:
    """Pools as pictures do: who wants every number asks for `full`, or for `attn explain`."""

    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str) -> None:
        self.head, self.output, self.options, self.sort = head, output, options, sort

    def fitted(self, section: Section) -> Section:
        return fitted(section, self.options.full)

    def write(self, sections: Sequence[Section]) -> None:
        document = head_object(self.head) | {"sort": self.sort, "sections": [_section(s) for s in sections]}
        self.output.write(encode(document) + b"\n")


def writer(head: Trace, output: IO[bytes], options: Options, sort: str) -> MapJson:
    return MapJson(head, output, options, sort)


def _section(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "formula": section.formula,
        "meaning": section.meaning,
        "pool": section.how if section.pooled else None,
        "rows": _side(section.rows),
        "columns": _side(section.columns),
        "limits": section.limits,
        "maps": [_map(one) for one in section.maps],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"axis": side.axis, "indices": list(side.indices), "step": side.step}


def _map(one: HeadMap) -> dict[str, Any]:
    scores = one.scores
    return {
        "stage": one.stage,
        "layer": one.layer,
        "head": one.head,
        "mark": None if scores is None else scores.mark,
        "scores": None if scores is None else scores.kinds | {"entropy": scores.entropy},
        "values": one.values,
    }
