"""Worked examples as one JSON object, as in attncli/schemas/worked-1.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import IO, Any

import numpy as np

from attncli.formula.types import Array
from attncli.insights.worked import Choice, Line, Worked, choose, only, others
from attncli.render.document import encode, head_object
from attncli.tracing.trace import Trace


def write(head: Trace, rows: Sequence[Worked], key: int | None, top: int | None, output: IO[bytes]) -> None:
    """Writes the document; of each row the `top` keys, or the one that was asked for."""
    document = head_object(replace(head, schema="attn.worked/1"))
    output.write(encode(document)[:-1] + b',"examples":[')
    for place, row in enumerate(rows):
        choice = choose(row, top) if key is None else only(row, np.array([key]))
        output.write(b"," * (place > 0) + b"\n" + encode(_example(row, choice)))
    output.write(b"\n]}\n")


def _example(row: Worked, choice: Choice) -> dict[str, Any]:
    sink, rest = row.sink, others(row, choice.others)
    return {
        "attention": row.at,
        "layer": row.layer,
        "head": row.head,
        "kv_head": row.kv_head,
        "query": {"index": row.query, "text": row.said.texts[row.query]},
        "scale": row.scale,
        "cap": row.cap,
        "q": _line(row.q, row.q.values),
        "k": _line(row.k),
        "steps": [_line(line) for line in (*row.steps, *(row.with_sink or ()), row.weights)],
        "v": _line(row.v),
        "max": row.highest,
        "max_key": row.highest_at,
        "sum": row.total,
        "keys": [_key(row, int(i)) for i in choice.keys],
        "others": {
            "count": len(choice.others),
            "masked": len(choice.hidden),
            "power": rest.power,
            "weight": rest.weight,
            "taken": rest.taken,
            "mixed": rest.v * rest.weight,
        },
        "sink": None if sink is None else {"score": sink.score, "power": sink.power, "weight": sink.weight},
        "mixed": _line(row.mixed, row.mixed.values),
    }


def _key(row: Worked, i: int) -> dict[str, Any]:
    """What a key has on the way from q · k to the output."""
    return {
        "index": i,
        "text": row.read.texts[i],
        "k": row.k.values[i],
        "products": row.products[i],
        **{line.name: line.values[i] for line in row.steps},
        "bias": None if row.bias is None else row.bias[i],
        "power": row.powers[i],
        "weight": row.weights.values[i],
        "v": row.v.values[i],
        "length": row.lengths[i],
        "taken": row.taken[i],
    }


def _line(line: Line, values: Array | None = None) -> dict[str, Any]:
    """What the catalogue says of a stage, and its numbers where it is a vector."""
    facts = {"stage": line.stage, "symbol": line.symbol, "formula": line.formula, "meaning": line.meaning}
    facts |= {"detail": line.detail} if line.detail else {}
    return facts if values is None else facts | {"values": np.ascontiguousarray(values)}
