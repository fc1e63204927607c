"""The comparison of our stages with what `transformers` gave, for golden files and live models alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import attncli

Stages = Mapping[str, NDArray[Any]]


def assert_agrees(folder: Path, given: Mapping[str, Any], expected: Stages) -> None:
    """Traces the model in a folder on the given input; every expected stage must be there and agree.

    `given` has `ids` and `types`, and `text` (and `pair`) where the checkpoint's own tokenizer is to find them;
    of an encoder-decoder `target_ids`, and `target` likewise.
    Attention weights to 1e-5; all else to 1e-4 relative, near zero relative to the largest by 1e-5.
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
