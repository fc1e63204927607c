"""Every code of the small formats has the value that `ml_dtypes` gives it, bit for bit."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from attncli.checkpoints import widen
from attncli.checkpoints.float8 import table


@pytest.mark.parametrize(
    ("dtype", "theirs", "count"),
    [
        ("F8_E4M3", ml_dtypes.float8_e4m3fn, 256),
        ("F8_E5M2", ml_dtypes.float8_e5m2, 256),
        ("F8_E8M0", ml_dtypes.float8_e8m0fnu, 256),
        ("F4_E2M1", ml_dtypes.float4_e2m1fn, 16),
    ],
)
def test_every_code_is_the_float32_of_ml_dtypes(dtype: str, theirs: Any, count: int) -> None:
    expected = np.arange(count, dtype=np.uint8).view(theirs).astype(np.float32)
    values = table(dtype)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values.view(np.uint32), expected.view(np.uint32))


def test_every_bfloat16_is_the_float32_of_ml_dtypes() -> None:
    codes = np.arange(1 << 16, dtype=np.uint16)
    expected = codes.view(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(widen(codes, "BF16").view(np.uint32), expected.view(np.uint32))
