"""The cells of a matrix that look alike, in runs, so that a picture of many thousand cells stays small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.render.page.levels import MASKED_LEVEL, Levels


def level_runs(levels: Levels) -> dict[int, NDArray[np.intp]]:
    """For each level its runs in rows, [run, (column, row, length)]; none for masked keys."""
    rows, columns = levels.shape
    starts = np.ones(levels.shape, dtype=bool)
    starts[:, 1:] = levels[:, 1:] != levels[:, :-1]
    first = np.flatnonzero(starts)  # every row begins a run
    runs = np.stack([first % columns, first // columns, np.diff(np.append(first, rows * columns))], axis=1)
    of_runs = levels.ravel()[first]
    return {level: runs[of_runs == level] for level in np.unique(of_runs).tolist() if level != MASKED_LEVEL}
