"""The largest numbers of a row are those that sorting the whole row puts first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula.ranking import largest_first

rows = st.lists(st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.5, 2.0, np.inf, np.nan]), min_size=1, max_size=12)


@given(rows, st.integers(1, 14))
def test_equal_numbers_come_in_order_and_nan_last(row: list[float], k: int) -> None:
    values = np.array([row, row[::-1]], np.float32)
    expected = np.argsort(-values, axis=-1, kind="stable")[:, :k]
    np.testing.assert_array_equal(largest_first(values, k), expected)
