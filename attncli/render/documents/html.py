"""Pages as one self-contained HTML document: text, tables shaded by their numbers, maps that show the number under
the pointer, curves as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import IO, Any
from xml.etree.ElementTree import tostring

import numpy as np
from numpy.typing import NDArray

from attncli.files import encode
from attncli.formula.pooling import Side
from attncli.language import N_, Say
from attncli.render.documents.html_tables import bar_chart, matrix_table, table
from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.figures import BarChart, Items, Plot, Table
from attncli.render.page.maps import HeadMaps
from attncli.render.page.markdown_text import parser, without_comments
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.text import safe, shown
from attncli.render.pictures.drawing import Cells, Drawing
from attncli.render.pictures.layout import layout
from attncli.render.pictures.svg import svg
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

HELP = N_("Point at a cell to see its number. Click a map to enlarge it; click again to see all maps.")
CELLS = 20_000
"""A matrix with at most so many numbers is a table; a larger one is a picture."""
FULL_CELLS = 1_000_000
"""The same with --full."""


class HtmlWriter:
    """Writes each section as it comes; the numbers of maps, and the script that shows them, go at the end."""

    def __init__(self, page: Page, output: IO[bytes], options: Options) -> None:
        self.output, self.options = output, options
        self.sides: list[dict[str, list[str]]] = []
        self.maps: list[dict[str, Any]] = []
        template = (files("attncli") / "render" / "documents" / "page.html").read_text("utf-8")
        before, _, self.after = template.partition("<!-- body -->")
        self._write(before.replace("<!-- title -->", text_of(page.title, options.say)))
        self._blocks(page.opening())

    def section(self, section: Section) -> None:
        self._write("<section>\n")
        self._blocks(section.blocks())
        self._write("</section>\n")

    def close(self) -> None:
        none = self.options.say("masked, or not a number")
        data = encode({"sections": self.sides, "maps": self.maps, "none": none}).decode()
        # inside <script> nothing may look like its end
        self._write(self.after.replace("<!-- data -->", data.replace("<", "\\u003c")) if self.maps else END)

    def _write(self, text: str) -> None:
        self.output.write(text.encode("utf-8", "backslashreplace"))

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if isinstance(block, HeadMaps):
                self._head_maps(block)
            else:
                self._write(html_of(block, self.options) + "\n")

    def _head_maps(self, block: HeadMaps) -> None:
        """The maps as a picture; their numbers and the names of their lines are kept for the script."""
        if not self.sides:
            self._write(f'<p class="quiet">{text_of(HELP, self.options.say)}</p>\n')
        sheet, say = layout([block], self.options), self.options.say
        self.maps += [_map(cells, say) | {"section": len(self.sides)} for cells in sheet.cells if cells.head]
        self.sides.append({"rows": _labels(block.rows, say), "columns": _labels(block.columns, say)})
        self._write(f'<figure class="maps">{_svg(sheet)}</figure>\n')


def writer(page: Page, output: IO[bytes], options: Options) -> HtmlWriter:
    return HtmlWriter(page, output, options)


END = "</main>\n</body>\n</html>\n"


def text_of(text: str, say: Say) -> str:
    """A text of a block, in HTML."""
    return escape(shown(text, say))


def html_of(block: Block, options: Options) -> str:
    """A block other than maps, in HTML."""
    say = options.say

    def text(raw: str) -> str:
        return text_of(raw, say)

    match block:
        case Subject():
            return "\n".join(_subject(block, options))
        case Heading():
            about = f'\n<p class="quiet">{text(block.about)}</p>' if block.about else ""
            return f"<h2>{text(block.text)}</h2>{about}"
        case Formula():
            name = f"<h3>{text(block.name)}</h3>\n" if block.name else ""
            formula = f"<code>{text(block.formula)}</code> " if block.formula else ""
            detail = f"<br>{text(block.detail)}" if block.detail else ""
            return (
                f'{name}<p class="formula">{formula}<span class="quiet">{text(block.meaning)}{detail}</span></p>'
            )
        case TokenLine():
            return _tokens(block.tokens, text(block.side), options)
        case Matrix():
            if block.values.size > (FULL_CELLS if options.full else CELLS) and block.words is None:
                return f"<figure>{_svg(layout([block], options))}</figure>"
            return matrix_table(block, options)
        case Table():
            return table(block, options)
        case Items():
            return _items(block, say)
        case BarChart():
            return bar_chart(block, options)
        case Plot():
            return f"<figure>{_svg(layout([block], options))}</figure>"
        case Prose():
            quiet = ' class="quiet"' if block.quiet else ""
            return f"<p{quiet}>{text(block.text)}</p>"
        case Markdown():
            return _markdown(say.marked(block.text))
        case Note():
            return f'<p class="quiet">{text(block.text)}</p>'
        case HeadMaps():
            return f"<figure>{_svg(layout([block], options))}</figure>"


def _markdown(text: str) -> str:
    """attn's own Markdown as HTML. Of a picture, which is not part of the document, only the name is shown."""
    markdown = parser()
    markdown.add_render_rule("image", lambda _, tokens, index, *__: f"<em>{escape(tokens[index].content)}</em>")
    rendered: str = markdown.render(safe(without_comments(text)))
    return rendered


def _svg(sheet: Drawing) -> str:
    return tostring(svg(sheet), "unicode")


def _subject(block: Subject, options: Options) -> Iterator[str]:
    say = options.say
    yield f"<h1>{escape(visible_name(block.name))}</h1>"
    facts = [visible_name(block.source)] if block.source else []
    facts += [shown(fact, say) for fact in block.facts]
    if facts:
        yield f'<p class="quiet">{escape(" · ".join(facts))}</p>'
    if block.tokens is not None:
        yield _tokens(block.tokens, "" if block.target is None else escape(say("source")), options)
    if block.target is not None:
        yield _tokens(block.target, escape(say("target")), options)


def visible_name(text: str) -> str:
    """Untrusted running text, with its spaces."""
    return " ".join(map(visible, text.split(" ")))


def _tokens(tokens: Tokens, side: str, options: Options) -> str:
    count = options.say.counted("{count} token", "{count} tokens", len(tokens))
    items = [f"<span><sub>{i}</sub> {escape(visible(text))}</span>" for i, text in enumerate(tokens.texts)]
    heading = f"{side}: {escape(count)}" if side else escape(count)
    return f'<p class="tokens"><span class="quiet">{heading}</span> {" ".join(items)}</p>'


STYLES = {"cyan": "positive", "green": "positive", "red": "negative", "dim": "quiet", "bold": "bold"}


def _items(block: Items, say: Say) -> str:
    """A list of labels, each with its items side by side."""
    rows = []
    for label, items in zip(block.labels, block.items(block.least, False), strict=True):
        spans = ["<span>" + "".join(_span(text, style, say) for text, style in item) + "</span>" for item in items]
        rows.append(f"<dt>{text_of(label, say)}</dt><dd>{' '.join(spans)}</dd>")
    return f'<dl class="items">{"".join(rows)}</dl>'


def _span(text: str, style: str | None, say: Say) -> str:
    names = [STYLES[word] for word in (style or "").split() if word in STYLES]
    return f'<span class="{" ".join(names)}">{text_of(text, say)}</span>' if names else text_of(text, say)


def _map(cells: Cells, say: Say) -> dict[str, Any]:
    """Where a map lies in its picture, and its numbers to four digits; what is not finite becomes null."""
    assert cells.head is not None
    area = {"x": cells.x, "y": cells.y, "cell": cells.cell}
    return area | {"title": shown(cells.head.title, say), "values": _four_digits(cells.head.values)}


def _four_digits(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        digits = 10.0 ** (3 - np.floor(np.log10(np.abs(np.where(values == 0, 1, values)))))
        rounded: NDArray[np.floating[Any]] = np.where(
            np.isfinite(values), np.rint(values * digits) / digits, values
        )
    return rounded


def _labels(side: Side, say: Say) -> list[str]:
    """The contents of each cell along a side: the axis, the first and the last index, and their names."""
    labels = []
    for lines in side.blocks:
        ends = dict.fromkeys((lines[0], lines[-1]))
        indices = "–".join(str(side.indices[i]) for i in ends)
        names: Sequence[str] = () if side.names is None else [shown(side.names[i], say) for i in ends]
        name = "".join([" ", "…".join(dict.fromkeys(names))]) if names else ""
        labels.append(f"{say(side.axis)} {indices}{name}")
    return labels
