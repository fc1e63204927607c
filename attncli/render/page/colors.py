"""Colors for numbers: scales of perceptually even steps, safe for color-blind readers.

A scale is a path through OKLab (Ottosson 2020, "A perceptual color space for image processing"), where equal
distances look equally different. Lightness alone distinguishes the numbers, so that a scale can be read without
color. The hue goes from blue to yellow, which people with the most common kinds of color blindness can tell apart.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array

Colors = NDArray[np.uint8]
"""sRGB, [color, 3]."""

SEQUENTIAL = ((0.27, 0.0, -0.12), (0.50, -0.06, -0.05), (0.74, -0.10, 0.05), (0.95, -0.04, 0.15))
"""From small to large: lightness and the two chroma axes, green to red and blue to yellow."""
NEGATIVE = ((0.90, -0.04, -0.04), (0.57, -0.03, -0.15))
ZERO = ((0.22, 0.0, 0.0),)
POSITIVE = ((0.57, 0.12, 0.10), (0.90, 0.01, 0.13))
"""From negative to positive numbers: dark at zero, and the brighter, the farther from zero."""

VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
MAGMA = "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf"
CIVIDIS = "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838"
"""Ten colors at equal distances along the scales of van der Walt and Smith (2015, viridis and magma) and of Nuñez,
Anderton and Renslow (2018, cividis)."""
WHITE, RED, BLUE = (0.98, 0.0, 0.0), (0.42, 0.15, 0.07), (0.415, -0.02, -0.1463)
GRAY = (WHITE, (0.20, 0.0, 0.0))

_TO_ROOTS = np.array([
    [1.0, 0.3963377774, 0.2158037573],
    [1.0, -0.1055613458, -0.0638541728],
    [1.0, -0.0894841775, -1.2914855480],
])  # fmt: skip
_TO_LINEAR = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


@cache
def scale(count: int, signed: bool, name: str = "attn") -> Colors:
    """`count` colors from the smallest number to the largest; of a signed scale zero is in the middle. `name` is
    one of picture_style.COLORS."""
    if name in _PUBLISHED:
        points = to_oklab(_colors(_PUBLISHED[name]))
        along = np.linspace(0, len(points) - 1, count)
        return to_srgb(np.stack([np.interp(along, np.arange(len(points)), line) for line in points.T], axis=1))
    return to_srgb(_points_along(np.array(_PATHS[name][signed]), count))


def _colors(text: str) -> Colors:
    """sRGB colors as hexadecimal numbers -> [color, 3]."""
    return np.array([list(bytes.fromhex(color)) for color in text.split()], np.uint8)


_PUBLISHED = {"viridis": VIRIDIS, "magma": MAGMA, "cividis": CIVIDIS}
_PATHS = {
    "attn": (SEQUENTIAL, (*NEGATIVE, *ZERO, *POSITIVE)),
    "gray": (GRAY, GRAY),
    "bluered": ((WHITE, RED), (BLUE, WHITE, RED)),
}
"""For each name the path of the scale without negative numbers, and of that with them."""


def _points_along(points: Array, count: int) -> Array:
    """Points at equal distances on the path through `points` [point, 3]. [count, 3]."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    so_far = np.concatenate([[0], np.cumsum(lengths)])  # [point]
    distances = np.linspace(0, so_far[-1], count)
    return np.stack([np.interp(distances, so_far, points[:, axis]) for axis in range(3)], axis=1)


def to_srgb(oklab: Array) -> Colors:
    """OKLab -> sRGB (Ottosson 2020; IEC 61966-2-1 for the last step). [..., 3] both."""
    linear = np.clip((oklab @ _TO_ROOTS.T) ** 3 @ _TO_LINEAR.T, 0, 1)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * gamma).astype(np.uint8)


def to_oklab(srgb: Colors) -> Array:
    """sRGB -> OKLab, the way back. [..., 3] both."""
    gamma = srgb / 255
    linear = np.where(gamma <= 0.04045, gamma / 12.92, ((gamma + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ np.linalg.inv(_TO_LINEAR).T) @ np.linalg.inv(_TO_ROOTS).T


def palette_256() -> Colors:
    """Colors 16 to 255 of a terminal of 256: a cube of 6 x 6 x 6, then 24 grays (xterm's 256colres). [240, 3]."""
    steps = np.array([0, 95, 135, 175, 215, 255])
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    grays = np.repeat(8 + 10 * np.arange(24)[:, None], 3, axis=1)
    return np.concatenate([cube, grays]).astype(np.uint8)


@cache
def codes_256(count: int, signed: bool) -> tuple[int, ...]:
    """A scale of `count` steps, odd where it is signed, in the colors of a terminal of 256: no step is darker than
    one that is nearer to zero. Rich (`Color.downgrade`) rounds red, green and blue separately, which breaks this
    order: on the signed scale, one step would be darker than its neighbor by 10 of 100 in lightness."""
    palette, path = to_oklab(palette_256()), to_oklab(scale(count, signed))
    if signed:
        below, above = path[: count // 2 + 1][::-1], path[count // 2 :]
        return tuple(_stand_ins(below, palette)[:0:-1] + _stand_ins(above, palette))
    return tuple(_stand_ins(path, palette))


def _stand_ins(path: Array, palette: Array) -> list[int]:
    """The code of a palette color for each point of a path [point, 3] that gets lighter. Candidates are the colors
    nearest to some point, if each is lighter than the one before; of these, the nearest in lightness is taken."""
    gray = np.linalg.norm(palette[:, 1:], axis=-1) < 0.01
    apart = np.linalg.norm(path[:, None] - palette, axis=-1)  # [point, color]
    if not gray[apart[0].argmin()]:
        apart[:, gray] = np.inf  # grays would look like holes in a colored scale
    chain: list[int] = []
    for color in apart.argmin(axis=1):
        if not chain or palette[color, 0] > palette[chain[-1], 0] + 0.01:
            chain.append(int(color))
    nearest = np.abs(path[:, None, 0] - palette[chain, 0]).argmin(axis=1)
    return [16 + chain[i] for i in nearest]
