"""Pages for a terminal that lacks some characters: texts and drawings in those that it has.

Texts are replaced before they are measured, since √ becomes sqrt; what draws a table or a bar is replaced when it
is written, by one character each. What has no replacement becomes an escape: \\u732b.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from attncli.language import Say

WORDS, DRAWINGS = "attn-words", "attn-drawings"
"""How Python is told to replace characters that an encoding lacks."""
IN_WORDS = {
    "√": "sqrt ", "ᵀ": "^T", "²": "^2", "³": "^3", "₂": "_2", "½": "1/2", "Σ": "sum", "∂": "d", "θ": "theta",
    "σ": "sigma", "δ": "delta", "π": "pi", "Φ": "Phi", "µ": "u", "·": ".", "⊙": "*", "×": "x", "±": "+-", "−": "-",
    "–": "-", "—": "-", "‖": "|", "≤": "<=", "≥": ">=", "≡": "=", "…": "...", "⋯": "..", "⋮": ":", "“": '"',
    "”": '"', "‘": "'", "’": "'", "•": "*", "§": "section ", "→": "->", "←": "<-", "∞": "inf", "␣": "_", "▁": "_",
    "␡": "\\x7f", **{chr(0x2400 + code): f"\\x{code:02x}" for code in range(0x20)},
    "␉": "\\t", "␊": "\\n", "␍": "\\r",
}  # fmt: skip
IN_DRAWINGS = {
    **dict.fromkeys("╭╮╰╯┬┴┼├┤└┌┐┘", "+"), **dict.fromkeys("─━═", "-"), **dict.fromkeys("│┃║╷", "|"),
    **dict.fromkeys("█▉▊▋▌▓▒▀▄", "#"), **dict.fromkeys("▍▎▏░", "."), **dict.fromkeys("⋯…", "~"),
    "Σ": "S", "⋮": ":", "·": ".", "×": "x", "•": "*", "–": "-", "␣": "_", "“": '"', "”": '"', "’": "'",
}  # fmt: skip


def _replaces(replacements: dict[str, str]) -> Callable[[UnicodeError], tuple[str | bytes, int]]:
    def handler(error: UnicodeError) -> tuple[str | bytes, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        missing = error.object[error.start : error.end]
        return "".join(replacements.get(char) or _escaped(char) for char in missing), error.end

    return handler


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


codecs.register_error(WORDS, _replaces(IN_WORDS))
codecs.register_error(DRAWINGS, _replaces(IN_DRAWINGS))


def plain(value: Any, encoding: str, say: Say) -> Any:
    """A block, or a part of one, whose texts are translated and can be encoded."""

    def text_of(part: Any) -> Any:
        if isinstance(part, str):
            return say.marked(part).encode(encoding, WORDS).decode(encoding)
        if isinstance(part, list | tuple):
            return type(part)(map(text_of, part))
        if is_dataclass(part) and not isinstance(part, type):
            texts = {field.name: text_of(getattr(part, field.name)) for field in fields(part)}
            return replace(part, **texts)
        if callable(part) and not isinstance(part, type):
            return lambda *arguments: text_of(part(*arguments))
        return part

    return text_of(value)
