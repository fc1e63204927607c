"""Numbers as steps of a scale, for media that draw them in colors or shades."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from attncli.formula.pooling import MASKED
from attncli.formula.types import Array

Levels: TypeAlias = NDArray[np.int16]
STEPS = 255
"""The steps of a scale of many colors: an odd number, so that zero has a step of its own."""
MASKED_LEVEL, NAN_LEVEL = -1, -2
"""The levels of masked keys (-inf) and of NaN."""


def levels(values: Array, limits: tuple[float, float], count: int) -> Levels:
    """Which of `count` equal steps between the limits each number lies in; numbers beyond a limit are in the last
    step on their side. Of the same shape."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        steps = np.clip((values - low) / (high - low) * count, 0, count - 1)
    level = np.where(np.isnan(steps), NAN_LEVEL, steps).astype(np.int16)
    return np.where(values == MASKED, np.int16(MASKED_LEVEL), level)


def scale_number(value: float) -> str:
    """A number on a scale, where three digits are enough."""
    return f"{value:.3g}" if value else "0"
