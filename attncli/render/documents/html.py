"""Pages as one self-contained HTML document: text, tables shaded by their numbers, maps that show the number under
the pointer, curves as SVG."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import IO, Any
from xml.etree.ElementTree import tostring

from attncli.files import encode
from attncli.language import Say
from attncli.render.documents.html_maps import HELP, maps_html, picture, side_record, words
from attncli.render.documents.html_tables import SCROLL, bar_chart, matrix_table, table
from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.cells import fit
from attncli.render.page.figures import BarChart, Items, Plot, Table
from attncli.render.page.maps import HeadMaps
from attncli.render.page.markdown_text import parser, without_comments
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.text import safe, shown
from attncli.render.pictures.drawing import BAND, HATCH
from attncli.render.pictures.layout import layout
from attncli.render.pictures.svg import signs
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

CELLS = 20_000
"""A matrix with at most so many numbers is a table; a larger one is a picture."""
FULL_CELLS = 1_000_000
"""The same with --full."""
TOKENS = 100
"""More tokens are folded away."""
TITLE = 100
"""The characters that a title has at most; a text may be a whole chapter."""


class HtmlWriter:
    """Writes each section as it comes; the numbers of maps, and the script that shows them, go at the end."""

    def __init__(self, page: Page, output: IO[bytes], options: Options) -> None:
        self.output, self.options = output, options
        self.sides: list[dict[str, list[str]]] = []
        self.maps: list[dict[str, Any]] = []
        title = text_of(options.picture.title or fit(page.title, TITLE), options.say)
        before, _, after = _template("page.html").partition("<!-- body -->")
        self.before_maps, _, self.after = after.partition("<!-- maps -->")
        filled = {"lang": options.say.code, "policy": POLICY.format(script=_digest(_template("maps.js")))}
        filled |= {"signs": _signs(), "title": title}
        for name, text in filled.items():
            before = before.replace(f"<!-- {name} -->", text)
        self._write(f"{before}<h1>{title}</h1>\n")
        self._blocks(page.opening())

    def section(self, section: Section) -> None:
        self._write("<section>\n")
        self._blocks(section.blocks())
        self._write("</section>\n")

    def close(self) -> None:
        self._write(self.before_maps + (self._script() if self.maps else "") + self.after)

    def _script(self) -> str:
        say = self.options.say
        data = encode({"sections": self.sides, "maps": self.maps, "words": words(say)}).decode()
        # inside <script> nothing may look like its end
        before, _, after = _template("maps.html").partition("<!-- data -->")
        before, after = (
            before.replace("<!-- close -->", escape(say("Close"))),
            after.replace("<!-- script -->", _template("maps.js")),
        )
        return before + data.replace("<", "\\u003c") + after

    def _write(self, text: str) -> None:
        self.output.write(text.encode("utf-8", "backslashreplace"))

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if isinstance(block, HeadMaps):
                self._head_maps(block)
            else:
                self._write(html_of(block, self.options) + "\n")

    def _head_maps(self, block: HeadMaps) -> None:
        """The maps as pictures; their numbers and the names of their lines are kept for the script."""
        if not self.sides:
            self._write(f'<p class="quiet help" id="keys">{text_of(HELP, self.options.say)}</p>\n')
        html, records = maps_html(block, self.options)
        self.maps += [record | {"section": len(self.sides)} for record in records]
        self.sides.append(side_record(block, self.options.say))
        self._write(html + "\n")


POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src '{script}'; base-uri 'none'; form-action 'none'"
)
"""What a browser may do with the page: load nothing, and run no script but our own."""


def _template(name: str) -> str:
    return (files("attncli") / "render" / "documents" / name).read_text("utf-8")


def _digest(script: str) -> str:
    """The name of a script in a content security policy (CSP 3, section 2.3.1)."""
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"


def _signs() -> str:
    """The patterns of cells without a number, for all pictures of the page."""
    patterns = tostring(signs(), "unicode")
    for color, name in ((BAND, "--band"), (HATCH, "--hatch")):
        patterns = patterns.replace(f'"{color}"', f'"var({name})"')
    return f'<svg width="0" height="0" class="spoken" aria-hidden="true">{patterns}</svg>'


def writer(page: Page, output: IO[bytes], options: Options) -> HtmlWriter:
    return HtmlWriter(page, output, options)


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
            name = f'<h2 class="stage">{text(block.name)}</h2>\n' if block.name else ""
            formula = f"<code>{text(block.formula)}</code> " if block.formula else ""
            detail = f"<br>{text(block.detail)}" if block.detail else ""
            return (
                f'{name}<p class="formula">{formula}<span class="quiet">{text(block.meaning)}{detail}</span></p>'
            )
        case TokenLine():
            return _tokens(block.tokens, text(block.side), options)
        case Matrix():
            if block.values.size > (FULL_CELLS if options.full else CELLS) and block.words is None:
                return _figure(block, f"{shown(block.title, say)} {shown(block.shape, say)}", options)
            return matrix_table(block, options)
        case Table():
            return table(block, options)
        case Items():
            return _items(block, say)
        case BarChart():
            return bar_chart(block, options)
        case Plot():
            names = ", ".join(shown(curve.name, say) for curve in block.curves)
            about = f"{shown(block.about, say)}: " if block.about else ""
            return _figure(
                block, f"{about}{shown(block.y.name, say)} / {shown(block.x.name, say)}. {names}", options
            )
        case Prose():
            quiet = ' class="quiet"' if block.quiet else ""
            return f"<p{quiet}>{text(block.text)}</p>"
        case Markdown():
            return _markdown(say.marked(block.text), say)
        case Note():
            return f'<p class="quiet">{text(block.text)}</p>'
        case HeadMaps():
            return maps_html(block, options)[0]


def _markdown(text: str, say: Say) -> str:
    """attn's own Markdown as HTML. Of a picture, which is not part of the document, only the name is shown."""
    markdown = parser()
    scroll = SCROLL.format(label=escape(say("table")))
    markdown.add_render_rule("table_open", lambda *_: f"{scroll}<table>\n")
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("image", lambda _, tokens, index, *__: f"<em>{escape(tokens[index].content)}</em>")
    rendered: str = markdown.render(safe(without_comments(text)))
    return _EMPTY_TITLE.sub("<td></td>", rendered)


_EMPTY_TITLE = re.compile("<th[^>]*></th>")
"""A title without a text, which a screen reader would announce."""


def _figure(block: Block, alternative: str, options: Options) -> str:
    """A block as a picture, which may be wider than the window."""
    drawn = picture(layout([block], options), alternative)
    return f'<figure class="picture" tabindex="0">{drawn}</figure>'


def _subject(block: Subject, options: Options) -> Iterator[str]:
    say = options.say
    facts = [visible_name(block.source)] if block.source else []
    facts += [shown(fact, say) for fact in block.facts]
    about = f' <span class="quiet">{escape(" · ".join(facts))}</span>' if facts else ""
    yield f"<p><b>{escape(visible_name(block.name))}</b>{about}</p>"
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
    if len(tokens) > TOKENS:
        return f'<details class="tokens"><summary class="quiet">{heading}</summary>{" ".join(items)}</details>'
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
