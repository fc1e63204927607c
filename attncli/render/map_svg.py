"""Maps as SVG: a path for each colour of a map, so that a file of many thousand cells stays small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from attncli.insights.maps import NOT_A_NUMBER, Levels, Section
from attncli.render.colours import scale
from attncli.render.ink import STEPS
from attncli.render.map_drawing import FONT, TURN, Cells, Drawing, Words, drawing, fitted
from attncli.render.page.page import Options
from attncli.tracing.trace import Trace

BROKEN = "#c2185b"
LOOKS = {
    "plain": {},
    "bold": {"font-weight": "bold"},
    "quiet": {"fill": "#666666"},
    "mark": {"fill": "#00695c", "font-weight": "bold"},
}
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


class MapSvg:
    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str) -> None:
        self.head, self.output, self.options, self.sort = head, output, options, sort

    def fitted(self, section: Section) -> Section:
        return fitted(section, self.options.full)

    def write(self, sections: Sequence[Section]) -> None:
        picture = svg(drawing(self.head, sections, self.sort, self.options.say))
        indent(picture, " ")
        self.output.write(tostring(picture, "utf-8", xml_declaration=True) + b"\n")


def writer(head: Trace, output: IO[bytes], options: Options, sort: str) -> MapSvg:
    return MapSvg(head, output, options, sort)


def svg(page: Drawing) -> Element:
    """A drawing as an <svg> element."""
    wide, high = f"{page.width:.0f}", f"{page.height:.0f}"
    root = Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "width": wide, "height": high, "viewBox": f"0 0 {wide} {high}",
         "font-family": FONTS, "font-size": str(FONT), "fill": "#1a1a1a"},
    )  # fmt: skip
    hatch = SubElement(
        SubElement(root, "defs"),
        "pattern",
        {"id": "hatch", "width": "5", "height": "5", "patternUnits": "userSpaceOnUse"},
    )
    SubElement(hatch, "rect", {"width": "5", "height": "5", "fill": "#f4f4f4"})
    SubElement(hatch, "path", {"d": "M-1 1 1-1M0 5 5 0M4 6 6 4", "stroke": "#cfcfcf", "fill": "none"})
    SubElement(root, "rect", {"width": wide, "height": high, "fill": "#ffffff"})
    for cells in page.cells:
        _draw(root, cells)
    for words in page.words:
        _write(root, words)
    return root


def _draw(root: Element, cells: Cells) -> None:
    """A map: the hatched ground, and on it its cells in units of one cell."""
    width, height = cells.size
    place = {"x": f"{cells.x:g}", "y": f"{cells.y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    if (cells.levels < 0).any():
        SubElement(root, "rect", {**place, "fill": "url(#hatch)"})
    group = SubElement(
        root,
        "g",
        {"transform": f"translate({cells.x:g} {cells.y:g}) scale({cells.cell:g} {cells.cell * cells.stretch:g})",
         "shape-rendering": "crispEdges"},
    )  # fmt: skip
    colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in scale(STEPS, cells.signed).tolist()]
    for level, path in paths(cells.levels).items():
        SubElement(group, "path", {"fill": BROKEN if level == NOT_A_NUMBER else colours[level], "d": path})


def paths(levels: Levels) -> dict[int, str]:
    """For each level the outline of its cells, a rectangle for each run in a row; none for what is not allowed."""
    rows, columns = levels.shape
    starts = np.ones(levels.shape, dtype=bool)
    starts[:, 1:] = levels[:, 1:] != levels[:, :-1]
    first = np.flatnonzero(starts)  # every row begins a run
    lengths = np.diff(np.append(first, rows * columns))
    found = levels.ravel()[first]
    made: dict[int, str] = {}
    for level in np.unique(found).tolist():
        if level >= 0 or level == NOT_A_NUMBER:
            here = found == level
            runs = zip((first[here] % columns).tolist(), (first[here] // columns).tolist(), lengths[here].tolist(),
                       strict=True)  # fmt: skip
            made[level] = "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs)
    return made


def _write(root: Element, words: Words) -> None:
    place = {"x": f"{words.x:.1f}", "y": f"{words.y:.1f}", **LOOKS[words.look], "xml:space": "preserve"}
    if words.anchor != "start":
        place["text-anchor"] = words.anchor
    if words.turned:
        place["transform"] = f"rotate(-{TURN} {words.x:.1f} {words.y:.1f})"
    SubElement(root, "text", place).text = words.text
