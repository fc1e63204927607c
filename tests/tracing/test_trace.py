"""A trace that is saved reads back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import attncli

SENTENCE = 'The cat, 猫 \x1b[1m said\n"hi"'


def test_a_trace_saves_and_loads(tmp_path: Path) -> None:
    trace = attncli.trace(SENTENCE, heads=[1], queries=[0, 2])
    trace.save(tmp_path / "t.safetensors")
    loaded = attncli.Trace.load(tmp_path / "t.safetensors")
    assert list(loaded) == list(trace)
    assert loaded.text == SENTENCE
    assert loaded.model == trace.model
    assert loaded.tokens is not None
    assert trace.tokens is not None
    assert loaded.tokens.records() == trace.tokens.records()
    for name, stage in trace.items():
        np.testing.assert_array_equal(loaded[name].values, stage.values)
        for field in ("axes", "symbol", "formula", "detail", "layer", "heads", "rows"):
            assert getattr(loaded[name], field) == getattr(stage, field)
