"""Markdown tables, for notes and pull requests. Wide matrices are elided in the middle unless all is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attncli.text.language import Say
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.tracing.trace import Trace

COLUMNS, ROWS = 16, 40


def head_lines(head: Trace, say: Say) -> str:
    """What is said above the stages: the model, and the tokens."""
    if head.model is None or head.tokens is None:
        return ""
    model, tokens = _code(head.model.name), _listed(head.tokens)
    lines = say("Model: {model}. Tokens: {tokens}", model=model, tokens=tokens) + "\n"
    if head.target is None:
        return lines
    return lines + "\n" + say("Target: {tokens}", tokens=_listed(head.target)) + "\n"


def _listed(tokens: Tokens) -> str:
    return " ".join(f"{i}:{_code(t)}" for i, t in enumerate(tokens.texts))


def as_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape(text: str) -> str:
    """Text in which all can be seen already, as Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", text)


def visible_words(text: str) -> str:
    return " ".join(visible(part) for part in text.split(" "))


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{visible(text)}{pad}{fence}"
