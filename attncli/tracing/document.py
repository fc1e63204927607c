"""Stages and tokens as JSON-ready dictionaries and named arrays, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage

Arrays = dict[str, NDArray[Any]]


def stage_facts(stage: Stage) -> dict[str, Any]:
    """A stage without its numbers."""
    facts: dict[str, Any] = {
        "name": stage.name,
        "layer": stage.layer,
        "symbol": stage.symbol,
        "formula": stage.formula,
        "meaning": stage.meaning,
        "axes": list(stage.axes),
        "shape": list(stage.values.shape),
        "heads": list(stage.head_indices) or None,
        "rows": None if stage.rows is None else list(stage.rows),
    }
    if stage.detail:
        facts["detail"] = stage.detail
    if stage.ids is not None:
        facts["ids"] = stage.ids.tolist()
        facts["texts"] = stage.labels
    return facts


def stage_object(stage: Stage) -> dict[str, Any]:
    """A stage with its numbers; those that are not finite become null when it is encoded."""
    return stage_facts(stage) | {"values": np.ascontiguousarray(stage.values)}


def arrays(stages: Sequence[Stage]) -> Arrays:
    """Each stage's values by its name; the ids of kept words as NAME.ids."""
    named: Arrays = {stage.name: np.ascontiguousarray(stage.values) for stage in stages}
    ids = {f"{stage.name}.ids": np.ascontiguousarray(stage.ids) for stage in stages if stage.ids is not None}
    return named | ids


def stage_from(record: dict[str, Any], stored: Arrays) -> Stage:
    """The stage that `stage_facts` describes, its numbers from the stored arrays."""
    name, labels = record["name"], record.get("texts")
    return Stage(
        name=name,
        values=stored[name],
        axes=tuple(record["axes"]),
        symbol=record["symbol"],
        formula=record["formula"],
        meaning=record["meaning"],
        detail=record.get("detail", ""),
        layer=record["layer"],
        heads=None if record["heads"] is None else tuple(record["heads"]),
        rows=None if record["rows"] is None else tuple(record["rows"]),
        ids=stored[f"{name}.ids"] if "ids" in record else None,
        labels=None if labels is None else tuple(tuple(row) for row in labels),
    )


def tokens_from(records: list[dict[str, Any]], types: list[int]) -> Tokens:
    """The tokens that `Tokens.records` describes; `types` number their segments."""
    return Tokens(
        ids=tuple(record["id"] for record in records),
        texts=tuple(record["text"] for record in records),
        spans=tuple(None if record["start"] is None else (record["start"], record["end"]) for record in records),
        types=tuple(types),
    )
