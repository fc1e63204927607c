"""Blocks as a piece of HTML for a page of others, such as a notebook: no script, no link, no color of its own for
text or ground, so that it can be read on light and on dark pages. Where the page takes the styles away, a plain
table is left."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from xml.etree.ElementTree import tostring

from attncli.render.documents.html import html_of
from attncli.render.page.blocks import Formula, Heading
from attncli.render.page.figures import Plot
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Block, Options
from attncli.render.page.text import shown
from attncli.render.pictures.layout import layout
from attncli.render.pictures.svg import svg

STYLES = (
    ".attn .quiet,.attn th,.attn dt,.attn td.masked{opacity:.75}"
    ".attn .bold,.attn tr.bold td{font-weight:bold}"
    ".attn table{font-family:monospace;border-collapse:collapse;margin:.3em 0}"
    ".attn caption{caption-side:top;text-align:left;font-weight:bold}"
    ".attn th,.attn td{text-align:left;padding:1px 8px}"
    ".attn td.number,.attn th.number,.attn .matrix td,.attn .matrix th{text-align:right}"
    ".attn td.nan{font-weight:bold;text-decoration:underline wavy}"
    ".attn td.bar{min-width:160px}.attn td.bar i{display:block;height:.8em;background:#00897b}"
    ".attn td.bar i.negative{background:#c62828}"
    ".attn .tokens>span,.attn dd>span{margin-right:1em;white-space:nowrap}"
    ".attn .scroll{overflow-x:auto}.attn p{margin:.2em 0}.attn img{max-width:100%}"
)


def fragment(blocks: Iterable[Block], options: Options) -> str:
    """The blocks as one element."""
    inner = "\n".join(_html(block, options) for block in blocks)
    return f'<div class="attn" lang="{options.say.code}"><style>{STYLES}</style>\n{inner}\n</div>'


def _html(block: Block, options: Options) -> str:
    """A block; pictures have a ground of their own, and headings stay out of the headings of the page."""
    say = options.say
    match block:
        case HeadMaps():
            return _image(block, f"{shown(block.name, say)} {shown(block.shape, say)}", options)
        case Plot():
            return _image(block, f"{shown(block.y.name, say)} / {shown(block.x.name, say)}", options)
        case Heading():
            return "\n".join(_lines(block.text, block.about, "", options))
        case Formula():
            about = " ".join(filter(None, (shown(block.meaning, say), shown(block.detail, say))))
            return "\n".join(_lines(block.name, about, block.formula, options))
        case _:
            return html_of(block, options)


def _lines(name: str, about: str, formula: str, options: Options) -> Iterator[str]:
    if name:
        yield f"<p><b>{escape(shown(name, options.say))}</b></p>"
    code = f"<code>{escape(shown(formula, options.say))}</code> " if formula else ""
    if code or about:
        yield f'<p>{code}<span class="quiet">{escape(shown(about, options.say))}</span></p>'


def _image(block: Block, alternative: str, options: Options) -> str:
    data = b64encode(tostring(svg(layout([block], options)), "utf-8")).decode()
    return f'<img alt="{escape(alternative)}" src="data:image/svg+xml;base64,{data}">'
