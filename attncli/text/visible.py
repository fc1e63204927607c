"""Text made safe to show: invisible characters and terminal commands become visible."""

from __future__ import annotations

import unicodedata

_PICTURES = {0x20: "␣", 0x7F: "␡", **{code: chr(0x2400 + code) for code in range(0x20)}}


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with every invisible character, and every character that would command a terminal, made visible.

    A space or control character becomes its Unicode control picture (␣ ␊ ␉ ␛). Other invisible characters, joiners
    and variation selectors, whose width differs between terminals, become escapes. A combining mark without a base
    character gets a dotted circle.
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    shown = []
    for i, char in enumerate(text):
        code, category = ord(char), unicodedata.category(char)
        if code in _PICTURES:
            shown.append(_PICTURES[code])
        elif category in _HIDDEN or 0xFE00 <= code <= 0xFE0F or 0x2400 <= code <= 0x2426:
            shown.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
        elif category.startswith("M") and i == 0:
            shown.append("\u25cc" + char)
        else:
            shown.append(char)
    return "".join(shown)


def harmless(text: str) -> str:
    """The text with control characters as escapes (but tab, \\n and \\r as they are), for formats that programs
    read."""
    return "".join(
        f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" and c not in "\t\n\r" else c for c in text
    )


def visible_line(text: str) -> str:
    """Running text made visible, a line of it: its spaces stay as they are."""
    return " ".join(visible(word) for word in text.split(" "))


def visible_lines(text: str) -> str:
    """Running text made visible: its spaces and line ends stay as they are."""
    return "\n".join(map(visible_line, text.split("\n")))
