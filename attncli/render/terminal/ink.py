"""How a terminal draws the levels of a scale: half blocks in two colors, or shades of text where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, STEPS, Levels

BLANK = -3
"""A cell with nothing in it."""
SIXTEEN = ("34", "36", "92", "93")
SIXTEEN_SIGNED = ("96", "94", "34", "30", "35", "91", "93")
"""Terminals differ in what their sixteen colors look like. In the common ones these get lighter, or lighter away
from zero, and no two neighbors look alike."""
DARK = ("30", "34", "35", "94")
"""Those on which white text is easier to read than black."""
SHADES, SIGNED_SHADES = "·░▒▓█", "≡=~-·░▒▓█"
ASCII_SHADES, SIGNED_ASCII_SHADES = ".:+*#", "%=~-.:+*#"
FAINT = "·."
"""Zero is faint, and not blank: a blank is a masked key."""


@dataclass(frozen=True)
class Ink:
    """How the levels of a scale are drawn. `fore` and `back` are the codes (SGR) of their colors, `over` those of
    text that can be read on each, `glyphs` the characters where there are no colors. `half`: a character holds two
    cells, one above the other. What is masked has no ink: it recedes on any background."""

    steps: int
    fore: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    glyphs: str = ""
    half: bool = False
    nan: str = "×"

    @property
    def colored(self) -> bool:
        return bool(self.fore)


def ink_of(console: Console, signed: bool) -> Ink:
    """What this console can draw, for a scale with or without negative numbers."""
    system = None if console.no_color else console.color_system
    return ink(system, console.encoding.startswith("utf"), signed)


@lru_cache
def ink(system: str | None, unicode: bool, signed: bool) -> Ink:
    """`system`: truecolor, 256, standard (sixteen colors) or None, as Rich has it; `unicode`: whether there are
    block characters."""
    nan = "×" if unicode else "?"
    if system is None:
        shades = (SHADES, SIGNED_SHADES) if unicode else (ASCII_SHADES, SIGNED_ASCII_SHADES)
        glyphs = shades[signed]
        return Ink(len(glyphs), glyphs=glyphs, nan=nan)
    from attncli.render.page.colors import codes_256, scale, to_oklab  # not needed where nothing is colored

    fore: tuple[str, ...]
    if system == "standard":
        fore = SIXTEEN_SIGNED if signed else SIXTEEN
        over = tuple("97" if code in DARK else "30" for code in fore)
    else:
        colors = scale(STEPS, signed)
        light = to_oklab(colors)[:, 0] > 0.6
        if system == "truecolor":
            fore = tuple(f"38;2;{r};{g};{b}" for r, g, b in colors.tolist())
            black, white = "38;2;0;0;0", "38;2;255;255;255"
        else:
            fore, black, white = tuple(f"38;5;{code}" for code in codes_256(STEPS, signed)), "38;5;16", "38;5;231"
        over = tuple(black if is_light else white for is_light in light.tolist())
    return Ink(len(fore), fore, tuple(_behind(code) for code in fore), over, half=unicode, nan=nan)


def _behind(code: str) -> str:
    """The code of a color behind the text, which is 10 more than that of the same color before it."""
    first, _, rest = code.partition(";")
    return f"{int(first) + 10};{rest}" if rest else str(int(first) + 10)


def enlarged(levels: Levels, high: int, wide: int) -> Levels:
    """Each cell as a block of cells; the sign of NaN stands once in its block."""
    blocks = levels.repeat(high, axis=0).repeat(wide, axis=1)
    first = np.zeros((high, wide), dtype=bool)
    first[(high - 1) // 2, (wide - 1) // 2] = True
    blocks[(blocks < 0) & ~np.tile(first, levels.shape)] = BLANK
    return blocks


def painted(cells: Levels, ink: Ink) -> list[str]:
    """Levels [row, column] as lines of text: two rows a line with half blocks, else one."""
    base = ink.steps - BLANK
    codes: NDArray[Any] = cells
    if ink.half:
        if len(cells) % 2:
            cells = np.concatenate([cells, np.full((1, cells.shape[1]), BLANK, cells.dtype)])
        codes = (cells[0::2].astype(np.int32) - BLANK) * base + cells[1::2] - BLANK
        pieces = {
            code: _pair(code // base + BLANK, code % base + BLANK, ink) for code in set(codes.ravel().tolist())
        }
    else:
        pieces = {level: _single(level, ink) for level in set(codes.ravel().tolist())}
    glyphs = {code: glyph for code, (_, glyph) in pieces.items()}
    if not ink.colored:
        return ["".join([glyphs[code] for code in row]) for row in codes.tolist()]
    styled = {code: f"\x1b[{style}m{glyph}" for code, (style, glyph) in pieces.items()}
    return [_line(row, glyphs, styled) for row in codes.tolist()]


def widened(cells: Levels, texts: Sequence[Sequence[str]], wide: int, ink: Ink) -> list[str]:
    """Levels [row, column] as lines of text, each cell `wide` characters of a line, its text [row][column] in its
    middle; without colors, the text stands after shades."""
    lines = []
    for row, row_texts in zip(cells.tolist(), texts, strict=True):
        pieces = [_cell(level, text, wide, ink) for level, text in zip(row, row_texts, strict=True)]
        if not ink.colored:
            lines.append("".join(text for _, text in pieces))
            continue
        before = [None, *(style for style, _ in pieces)]
        lines.append(
            "".join(
                text if style == last else f"\x1b[{style}m{text}"
                for (style, text), last in zip(pieces, before[:-1], strict=True)
            )
            + "\x1b[0m"
        )
    return lines


def _cell(level: int, text: str, wide: int, ink: Ink) -> tuple[str, str]:
    """The codes and the characters of a cell that is `wide` characters wide."""
    if level < 0:
        style, glyph = _single(level, ink)
        return style, glyph.center(wide)
    if ink.colored:
        return f"0;{ink.over[level]};{ink.back[level]}", text.center(wide)
    if not text:
        return "", ink.glyphs[level] * wide
    shade = " " if ink.glyphs[level] in FAINT else ink.glyphs[level]
    return "", f"{shade * max(wide - 1 - len(text), 1)}{text}".ljust(wide)


def _line(row: list[int], glyphs: dict[int, str], styled: dict[int, str]) -> str:
    """A line of cells; a style is written where it changes."""
    before = [None, *row[:-1]]
    cells = [glyphs[a] if a == b else styled[a] for a, b in zip(row, before, strict=True)]
    return "".join(cells) + "\x1b[0m"


def _pair(top: int, bottom: int, ink: Ink) -> tuple[str, str]:
    """The codes and the character of two cells, one above the other."""
    if top < 0 and bottom < 0:
        return _single(min((top, bottom), key=(NAN_LEVEL, MASKED_LEVEL, BLANK).index), ink)
    if top < 0:
        return f"0;{ink.fore[bottom]}", "▄"
    if bottom < 0:
        return f"0;{ink.fore[top]}", "▀"
    return (f"0;{ink.back[top]}", " ") if top == bottom else (f"0;{ink.fore[top]};{ink.back[bottom]}", "▀")


def _single(level: int, ink: Ink) -> tuple[str, str]:
    if level == NAN_LEVEL:
        return "0;1", ink.nan
    if level < 0:
        return "0", " "
    return (f"0;{ink.back[level]}", " ") if ink.colored else ("", ink.glyphs[level])
