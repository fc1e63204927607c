"""Maps as one HTML page that needs nothing else: the drawing, and its numbers where the pointer is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import IO, Any
from xml.etree.ElementTree import tostring

import numpy as np

from attncli.files import encode
from attncli.insights.maps import Section, Side
from attncli.render import map_words as words
from attncli.render.map_drawing import Cells, drawing, fitted
from attncli.render.map_svg import svg
from attncli.render.page.page import Options
from attncli.text.language import N_, Say
from attncli.text.visible import harmless
from attncli.tracing.trace import Trace

HELP = N_("The pointer on a cell tells its number. A click on a map enlarges it, another shows them all again.")


class MapHtml:
    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str) -> None:
        self.head, self.output, self.options, self.sort = head, output, options, sort

    def fitted(self, section: Section) -> Section:
        return fitted(section, self.options.full)

    def write(self, sections: Sequence[Section]) -> None:
        say = self.options.say
        page = drawing(self.head, sections, self.sort, say)
        sides = [{"rows": _labels(s.rows, say), "columns": _labels(s.columns, say)} for s in sections]
        places = {id(section): number for number, section in enumerate(sections)}
        maps = [_map(cells, say) | {"section": places[id(cells.section)]} for cells in page.cells if cells.one]
        data = encode({"sections": sides, "maps": maps, "none": say("not allowed, or not a number")}).decode()
        template = (files("attncli") / "render" / "map.html").read_text("utf-8")
        for name, text in (
            ("title", escape(harmless(self.head.text or "attn map"))),
            ("help", escape(say(HELP))),
            ("picture", tostring(svg(page), "unicode")),
            ("data", data.replace("<", "\\u003c")),  # inside <script> nothing may look like its end
        ):
            template = template.replace(f"<!-- {name} -->", text, 1)
        self.output.write(template.encode("utf-8", "backslashreplace"))


def writer(head: Trace, output: IO[bytes], options: Options, sort: str) -> MapHtml:
    return MapHtml(head, output, options, sort)


def _map(cells: Cells, say: Say) -> dict[str, Any]:
    """Where a map lies on the page, and its numbers to four digits; what is not finite becomes null."""
    assert cells.one is not None
    values = cells.one.values
    with np.errstate(invalid="ignore", divide="ignore"):
        digits = 10.0 ** (3 - np.floor(np.log10(np.abs(np.where(values == 0, 1, values)))))
        rounded = np.where(np.isfinite(values), np.rint(values * digits) / digits, values)
    place = {"x": cells.x, "y": cells.y, "cell": cells.cell}
    return place | {"title": words.full_title(cells.one, say), "values": rounded}


def _labels(side: Side, say: Say) -> list[str]:
    """What each cell along a side stands for."""
    labels = []
    for block in side.blocks:
        ends = [side.indices[block[0]], side.indices[block[-1]]][: len(block)]
        name = (
            ""
            if side.names is None
            else " " + "…".join(dict.fromkeys(side.names[i] for i in (block[0], block[-1])))
        )
        labels.append(f"{say(side.axis)} {'–'.join(map(str, ends))}{name}")
    return labels
