"""A trace as JSON-ready dictionaries: the head of the document, and one object per stage."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo, Trace


def head_object(head: Trace) -> dict[str, Any]:
    """Everything but the stages."""
    document: dict[str, Any] = {"schema": head.schema, "version": head.version}
    if head.parameters:
        return document | head.parameters
    document |= {
        "text": head.text,
        "model": None if head.model is None else _model(head.model),
        "tokens": None if head.tokens is None else head.tokens.records(),
    }
    if head.target is not None:
        document["target"] = {"text": head.target_text, "tokens": head.target.records()}
    return document


def _model(model: ModelInfo) -> dict[str, Any]:
    """The facts of a model; those of an encoder only where there is one."""
    facts = asdict(model)
    if not model.encoder_layers:
        del facts["encoder_layers"]
    return facts


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
