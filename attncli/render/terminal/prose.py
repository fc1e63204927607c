"""Running text in Markdown, rendered by Rich."""

from __future__ import annotations

import re

from rich.console import Console
from rich.markdown import Markdown as RichMarkdown

from attncli.render.page.blocks import Markdown
from attncli.render.page.page import Options

HIDDEN = re.compile(r"<!--.*?-->\n?|!\[[^\]]*\]\([^)]*\)\n*")
"""Comments and pictures, which a terminal does not show."""


def show(block: Markdown, console: Console, options: Options) -> None:
    """Prints the text with its headings, lists and tables."""
    console.print(RichMarkdown(HIDDEN.sub("", block.text), hyperlinks=False))
