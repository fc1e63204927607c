"""The JSON form of a trace: the head of the document, and one object a stage."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import numpy as np
import orjson

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
    """What is said of a model: of an encoder only where there is one."""
    facts = asdict(model)
    if not model.encoder_layers:
        del facts["encoder_layers"]
    return facts


def stage_facts(stage: Stage) -> dict[str, Any]:
    """A stage's object without its numbers."""
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
    """A stage as in the JSON, numbers and all; what is not finite becomes null when it is encoded."""
    return stage_facts(stage) | {"values": np.ascontiguousarray(stage.values)}


def encode(value: Any) -> bytes:
    """JSON text. The control characters that JSON allows raw (DEL and C1) are escaped too, since a
    terminal might obey them. Numbers of float32 are the shortest text that reads back to them."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    if b"\x7f" not in text and b"\xc2" not in text:
        return text
    return re.sub(rb"\x7f|\xc2[\x80-\x9f]", lambda m: b"\\u%04x" % ord(m[0].decode()), text)
