"""Pages as SVG: a path for each color of a matrix, so that a file of many thousand cells stays small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from attncli.language import Say
from attncli.render.page.colors import scale
from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, STEPS, Levels
from attncli.render.page.page import Options, Page
from attncli.render.pictures.drawing import (
    BAND,
    FONT,
    HATCH,
    INK,
    NAN_COLOR,
    NAN_CROSS,
    PAPER,
    TURN,
    Box,
    Cells,
    Drawing,
    Line,
    Words,
)
from attncli.render.pictures.runs import level_runs
from attncli.render.pictures.sheet_writer import SheetWriter

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def writer(page: Page, output: IO[bytes], options: Options) -> SheetWriter:
    return SheetWriter(page, output, options, write_svg)


def write_svg(sheet: Drawing, output: IO[bytes], say: Say) -> None:
    """Writes a drawing as an SVG file."""
    picture = svg(sheet)
    indent(picture, " ")
    output.write(tostring(picture, "utf-8", xml_declaration=True) + b"\n")


def svg(sheet: Drawing) -> Element:
    """A drawing as an <svg> element that stands for itself."""
    root = _root(sheet, size_of(sheet))
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.append(signs())
    SubElement(root, "rect", {"width": f"{sheet.width:.0f}", "height": f"{sheet.height:.0f}", "fill": PAPER})
    _draw(root, sheet)
    return root


def inline_svg(sheet: Drawing, inks: Mapping[str, str]) -> Element:
    """A drawing as an <svg> element of an HTML document that has `signs` once for all of them. The document says
    by what name it knows some colors (`inks`), so that it can change them."""
    root = _root(sheet, (f"{sheet.width:.0f}", f"{sheet.height:.0f}"))
    _draw(root, sheet)
    for element in root.iter():
        for name in ("fill", "stroke"):
            color = element.get(name, "")
            if color in inks and element.tag != "path":  # the cells of a matrix keep the colors of their scale
                element.set(name, inks[color])
    return root


def signs() -> Element:
    """The patterns of masked keys, in units of the sheet, and of NaN, in units of a cell."""
    defs = Element("defs")
    hatch = SubElement(defs, "pattern", {"id": "hatch", "width": "5", "height": "5", **IN_UNITS})
    SubElement(hatch, "rect", {"width": "5", "height": "5", "fill": BAND})
    SubElement(hatch, "path", {"d": "M-1 1 1-1M0 5 5 0M4 6 6 4", "stroke": HATCH, "fill": "none"})
    cross = SubElement(defs, "pattern", {"id": "nan", "width": "1", "height": "1", **IN_UNITS})
    SubElement(cross, "rect", {"width": "1", "height": "1", "fill": NAN_COLOR})
    lines = {"d": "M.2.2.8.8M.8.2.2.8", "stroke": NAN_CROSS, "stroke-width": ".15", "fill": "none"}
    SubElement(cross, "path", lines)
    return defs


IN_UNITS = {"patternUnits": "userSpaceOnUse"}


def size_of(sheet: Drawing) -> tuple[str, str]:
    """The width and the height that the picture shall have; what is drawn is fitted into it."""
    size = sheet.style.size
    if size is None:
        return f"{sheet.width:.0f}", f"{sheet.height:.0f}"
    height = size.width * sheet.height / sheet.width if size.height is None else size.height
    return f"{size.width:g}{size.unit}", f"{height:g}{size.unit}"


def _root(sheet: Drawing, size: tuple[str, str]) -> Element:
    wide, high = size
    return Element(
        "svg",
        {"width": wide, "height": high, "viewBox": f"0 0 {sheet.width:.0f} {sheet.height:.0f}",
         "font-family": FONTS, "font-size": str(FONT), "fill": INK},
    )  # fmt: skip


def _draw(root: Element, sheet: Drawing) -> None:
    for cells in sheet.cells:
        _cells(root, cells, sheet.style.colors)
    for line in sheet.lines:
        _line(root, line)
    for box in sheet.boxes:
        _box(root, box)
    for words in sheet.words:
        _words(root, words)


def _cells(root: Element, cells: Cells, name: str) -> None:
    """A matrix: a hatched ground, and on it its cells in units of one cell."""
    width, height = cells.size
    rectangle = {"x": f"{cells.x:g}", "y": f"{cells.y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    if (cells.levels == MASKED_LEVEL).any():
        SubElement(root, "rect", {**rectangle, "fill": "url(#hatch)"})
    group = SubElement(
        root,
        "g",
        {"transform": f"translate({cells.x:g} {cells.y:g}) scale({cells.cell:g} {cells.cell * cells.stretch:g})",
         "shape-rendering": "crispEdges"},
    )  # fmt: skip
    colors = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in scale(STEPS, cells.signed, name).tolist()]
    for level, path in paths(cells.levels).items():
        SubElement(group, "path", {"fill": "url(#nan)" if level == NAN_LEVEL else colors[level], "d": path})


def paths(levels: Levels) -> dict[int, str]:
    """For each level the outline of its cells, a rectangle for each run in a row; none for masked keys."""
    return {
        level: "".join([f"M{x} {y}h{n}v1h-{n}z" for x, y, n in runs.tolist()])
        for level, runs in level_runs(levels).items()
    }


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
