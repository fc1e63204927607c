"""Pages as SVG: a path for each color of a matrix, so that a file of many thousand cells stays small."""

from __future__ import annotations

from typing import IO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from attncli.language import Say
from attncli.render.page.colors import scale
from attncli.render.page.levels import NAN_LEVEL, STEPS, Levels
from attncli.render.page.page import Options, Page
from attncli.render.pictures.drawing import FONT, INK, TURN, Box, Cells, Drawing, Line, Words
from attncli.render.pictures.sheet_writer import SheetWriter

NAN_COLOR = "#c2185b"
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def writer(page: Page, output: IO[bytes], options: Options) -> SheetWriter:
    return SheetWriter(page, output, options, write_svg)


def write_svg(sheet: Drawing, output: IO[bytes], say: Say) -> None:
    """Writes a drawing as an SVG file."""
    picture = svg(sheet)
    indent(picture, " ")
    output.write(tostring(picture, "utf-8", xml_declaration=True) + b"\n")


def svg(sheet: Drawing) -> Element:
    """A drawing as an <svg> element."""
    wide, high = f"{sheet.width:.0f}", f"{sheet.height:.0f}"
    root = Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "width": wide, "height": high, "viewBox": f"0 0 {wide} {high}",
         "font-family": FONTS, "font-size": str(FONT), "fill": INK},
    )  # fmt: skip
    hatch = SubElement(
        SubElement(root, "defs"),
        "pattern",
        {"id": "hatch", "width": "5", "height": "5", "patternUnits": "userSpaceOnUse"},
    )
    SubElement(hatch, "rect", {"width": "5", "height": "5", "fill": "#f4f4f4"})
    SubElement(hatch, "path", {"d": "M-1 1 1-1M0 5 5 0M4 6 6 4", "stroke": "#cfcfcf", "fill": "none"})
    SubElement(root, "rect", {"width": wide, "height": high, "fill": "#ffffff"})
    for cells in sheet.cells:
        _cells(root, cells)
    for line in sheet.lines:
        _line(root, line)
    for box in sheet.boxes:
        _box(root, box)
    for words in sheet.words:
        _words(root, words)
    return root


def _cells(root: Element, cells: Cells) -> None:
    """A matrix: a hatched ground, and on it its cells in units of one cell."""
    width, height = cells.size
    rectangle = {"x": f"{cells.x:g}", "y": f"{cells.y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    if (cells.levels < 0).any():
        SubElement(root, "rect", {**rectangle, "fill": "url(#hatch)"})
    group = SubElement(
        root,
        "g",
        {"transform": f"translate({cells.x:g} {cells.y:g}) scale({cells.cell:g} {cells.cell * cells.stretch:g})",
         "shape-rendering": "crispEdges"},
    )  # fmt: skip
    colors = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in scale(STEPS, cells.signed).tolist()]
    for level, path in paths(cells.levels).items():
        SubElement(group, "path", {"fill": NAN_COLOR if level == NAN_LEVEL else colors[level], "d": path})


def paths(levels: Levels) -> dict[int, str]:
    """For each level the outline of its cells, a rectangle for each run in a row; none for masked keys."""
    rows, columns = levels.shape
    starts = np.ones(levels.shape, dtype=bool)
    starts[:, 1:] = levels[:, 1:] != levels[:, :-1]
    first = np.flatnonzero(starts)  # every row begins a run
    lengths = np.diff(np.append(first, rows * columns))
    of_runs = levels.ravel()[first]
    outlines: dict[int, str] = {}
    for level in np.unique(of_runs).tolist():
        if level >= 0 or level == NAN_LEVEL:
            here = of_runs == level
            runs = zip((first[here] % columns).tolist(), (first[here] // columns).tolist(), lengths[here].tolist(),
                       strict=True)  # fmt: skip
            outlines[level] = "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs)
    return outlines


def _line(root: Element, line: Line) -> None:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    looks = {"fill": "none", "stroke": line.color, "stroke-width": f"{line.width:g}", "stroke-linejoin": "round"}
    SubElement(root, "polyline", {"points": points, **looks})


def _box(root: Element, box: Box) -> None:
    attributes = {
        "x": f"{box.x:.1f}",
        "y": f"{box.y:.1f}",
        "width": f"{box.width:.1f}",
        "height": f"{box.height:.1f}",
    }
    SubElement(root, "rect", {**attributes, "fill": box.color})


def _words(root: Element, words: Words) -> None:
    attributes = {"x": f"{words.x:.1f}", "y": f"{words.y:.1f}"}
    if words.look.color != INK:
        attributes["fill"] = words.look.color
    if words.look.bold:
        attributes["font-weight"] = "bold"
    if words.size != FONT:
        attributes["font-size"] = f"{words.size:g}"
    attributes["xml:space"] = "preserve"
    if words.anchor != "start":
        attributes["text-anchor"] = words.anchor
    if words.turned:
        attributes["transform"] = f"rotate(-{TURN} {words.x:.1f} {words.y:.1f})"
    SubElement(root, "text", attributes).text = words.text
