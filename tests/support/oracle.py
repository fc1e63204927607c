"""Compares our stages with those of `transformers`, for golden files and live models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import attncli

Stages = Mapping[str, NDArray[Any]]


def assert_agrees(folder: Path, given: Mapping[str, Any], expected: Stages) -> None:
    """Traces the model in a folder on an input, and asserts that every expected stage is there and agrees.

    `given` has `ids` and `types`; also `text` (and `pair`) where the tokenizer of the checkpoint is tested. For an
    encoder-decoder it has `target_ids`, and `target` likewise. Attention weights agree to 1e-5, all else to 1e-4
    relative, with an absolute tolerance of 1e-5 of the largest number.
    """
    model = attncli.load_model(folder)
    if given.get("text") is not None:
        trace = attncli.trace(given["text"], pair=given.get("pair"), model=model, target=given.get("target"))
    else:
        trace = attncli.trace(ids=given["ids"], model=model, target_ids=given.get("target_ids"))
    assert trace.tokens is not None
    assert list(trace.tokens.ids) == list(given["ids"])
    assert list(trace.tokens.types) == list(given["types"])
    assert (None if trace.target is None else list(trace.target.ids)) == given.get("target_ids")
    for name, values in expected.items():
        ours = trace[name].values
        assert ours.shape == values.shape, name
        if name.endswith((".attn.weights", ".cross.weights")):
            np.testing.assert_allclose(ours, values, rtol=0, atol=1e-5, err_msg=name)
        else:
            near_zero = 1e-5 * max(1.0, float(np.abs(values).max()))
            np.testing.assert_allclose(ours, values, rtol=1e-4, atol=near_zero, err_msg=name)
    assert ("logits" in trace) == ("logits" in expected)
