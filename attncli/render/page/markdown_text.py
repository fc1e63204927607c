"""attn's own Markdown as tokens, for media that lay it out themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_COMMENT = re.compile("<!--.*?-->", re.DOTALL)


def parser() -> MarkdownIt:
    """A parser of CommonMark and tables, for which HTML is text like any other. It comes with Rich."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def without_comments(text: str) -> str:
    """The text without HTML comments, which are for its editors."""
    return _COMMENT.sub("", text)
