"""Worked examples of the golden models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import attncli
from attncli.insights.worked_example import WorkedExample, worked_example
from attncli.model.model import Model
from attncli.stages import attention_of, offered

CASES = sorted(file.parent for file in Path(__file__).parent.parent.glob("golden/*/expected.safetensors"))


def traced(folder: Path, dtype: str = "float32") -> tuple[Model, attncli.Trace]:
    """A golden model, and every stage of its input."""
    given = json.loads((folder / "input.json").read_text("utf-8"))
    model = attncli.load_model(folder, dtype=dtype)
    return model, attncli.trace(ids=given["ids"], model=model, target_ids=given.get("target_ids"))


def attentions(model: Model) -> list[str]:
    """The paths of a model's attentions: layers.0.attn, decoder.layers.1.cross ..."""
    return [name.removesuffix(".scores") for name in offered(model.spec) if name.endswith(".scores")]


def examples(model: Model, trace: attncli.Trace, *, last: bool = False) -> Iterator[WorkedExample]:
    """The first head and the last of each attention, with one query each, or with the last query."""
    for path in attentions(model):
        attention, count = attention_of(model.spec, f"{path}.q"), trace[f"{path}.weights"].values.shape[-2]
        for head in sorted({0, attention.heads - 1}):
            query = count - 1 if last else (3 * head + 2) % count
            yield worked_example(trace, path, attention, head, query)
