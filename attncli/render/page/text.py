"""Texts of blocks as a medium shows them."""

from __future__ import annotations

import re

from attncli.language import Say
from attncli.text.visible import visible

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that command a terminal, reorder or break text, or that XML and UTF-8 cannot hold."""


def safe(text: str) -> str:
    """The text with such characters made visible. Visible text does not change."""
    return _UNSAFE.sub(lambda match: visible(match[0]), text)


def shown(text: str, say: Say) -> str:
    """A text of a block: translated where it is marked, and safe."""
    return safe(say.marked(text))
