"""Labels of tokens."""

from __future__ import annotations

from attncli.render.page.choosing import middle_out
from attncli.render.page.numbers import number
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

__all__ = ["middle_out", "number", "token_labels"]


def token_labels(tokens: Tokens | None) -> list[str]:
    if tokens is None:
        return []
    width = len(str(len(tokens) - 1))
    return [f"{i:>{width}} {visible(text)}" for i, text in enumerate(tokens.texts)]
