"""Sixteen-bit numbers are converted to float32 exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from attncli.checkpoints import widen
from attncli.checkpoints.safetensors import SafetensorsCheckpoint

EVERY = np.arange(1 << 16, dtype=np.uint16)


def test_every_bfloat16_is_the_upper_half_of_its_float32() -> None:
    wide = widen(EVERY, "BF16")
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide.view(np.uint32), EVERY.astype(np.uint64) * 65536)


def test_every_float16_is_exact() -> None:
    stored = EVERY.view(np.float16)
    wide = widen(stored, "F16")
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide, stored.astype(np.float32))  # NaN where NaN is
    np.testing.assert_array_equal(np.signbit(wide), np.signbit(stored))


def test_views_and_large_arrays_are_exact_too() -> None:
    stored = np.resize(EVERY, (700, 1001))[::-2, 1:].T
    np.testing.assert_array_equal(widen(stored, "BF16").view(np.uint32), stored.astype(np.uint32) * 65536)
    assert widen(stored[:0], "BF16").shape == (0, 350)
    assert widen(stored[0, 0], "BF16").shape == ()


def test_other_types_are_as_they_are() -> None:
    stored = np.arange(3)
    assert widen(stored, "I64") is stored


def test_pages_given_back_after_conversion_read_the_same_again(tmp_path: Path) -> None:
    stored = {name: np.resize(EVERY, (200, 1500 + i)).view(np.float16) for i, name in enumerate("ab")}
    save_file(stored, tmp_path / "two.safetensors")
    checkpoint = SafetensorsCheckpoint([tmp_path / "two.safetensors"], tmp_path)
    for _ in range(2):
        for name, expected in stored.items():
            np.testing.assert_array_equal(checkpoint.array(name), expected.astype(np.float32))
            part = checkpoint.array(name, lambda tensor: tensor[50:150].T)
            np.testing.assert_array_equal(part, expected[50:150].T.astype(np.float32))


def test_a_part_that_must_be_copied_is_widened_too(tmp_path: Path) -> None:
    """Every second block of a large sixteen-bit matrix, put together: not a view of the mapped file."""
    stored = np.random.default_rng(0).normal(size=(6 * 64, 512)).astype(np.float16)
    save_file({"w": stored}, tmp_path / "m.safetensors")
    checkpoint = SafetensorsCheckpoint([tmp_path / "m.safetensors"], tmp_path)

    def take(whole: NDArray[Any]) -> NDArray[Any]:
        return whole.reshape(3, 128, 512)[:, :50].reshape(150, 512)

    assert not np.may_share_memory(take(stored), stored)
    np.testing.assert_array_equal(checkpoint.array("w", take), take(stored).astype(np.float32))
