"""How a picture is to look: its size, its colors, its title. Nothing here needs numpy, so that a command line is
checked before numpy is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass

COLORS = ("attn", "viridis", "magma", "cividis", "gray", "bluered")
"""The names of scales; attncli.render.page.colors has their colors."""
PER_INCH = {"mm": 25.4, "cm": 2.54, "in": 1.0, "px": 96.0}
"""How many of each unit an inch has; pixels as in CSS."""
UNITS_PER_INCH = PER_INCH["px"]
"""The units that a sheet is drawn in."""
SMALLEST, LARGEST = 0.5, 100.0
"""Inches that a side of a picture may have."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(?:\s*[x×]\s*(\d+(?:\.\d+)?))?\s*(mm|cm|in|px)")


@dataclass(frozen=True)
class Size:
    """The size of a picture in a unit of PER_INCH. `height` None: as high as that width requires."""

    width: float
    height: float | None
    unit: str

    @property
    def inches(self) -> tuple[float, float | None]:
        per_inch = PER_INCH[self.unit]
        return self.width / per_inch, None if self.height is None else self.height / per_inch


@dataclass(frozen=True)
class PictureStyle:
    """`size` None: as large as the page requires; `colors` is one of COLORS; `title` None: the page's own."""

    size: Size | None = None
    colors: str = "attn"
    title: str | None = None


PLAIN = PictureStyle()


def size_of(text: str) -> Size | None:
    """A size such as `85x60mm`, or a width alone, `85mm`. None for any other text, and for sizes that no picture
    has."""
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        return None
    size = Size(float(found[1]), None if found[2] is None else float(found[2]), found[3])
    sides = [side for side in size.inches if side is not None]
    return size if all(SMALLEST <= side <= LARGEST for side in sides) else None
