"""A worked example for programs, as in attncli/schemas/worked-1.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from attncli.formula.types import Array
from attncli.insights.worked_example import KeyChoice, StageRow, WorkedExample, summed
from attncli.render.page.page import Arrays, Record


@dataclass(frozen=True, eq=False)
class ExampleData:
    """An example with the chosen keys: an object, a CSV row for each key, arrays by the head and the stage."""

    example: WorkedExample
    choice: KeyChoice

    def objects(self) -> Iterable[Record]:
        """One object, with everything."""
        example, others = self.example, summed(self.example, self.choice.others)
        yield {
            **self._facts(),
            "q": _stage(example.q, example.q.values),
            "k": _stage(example.k),
            "steps": [_stage(row) for row in self._steps],
            "v": _stage(example.v),
            **self._softmax(),
            "keys": [self._key(int(key)) for key in self.choice.keys],
            "others": {
                "count": len(self.choice.others),
                "masked": len(self.choice.masked),
                "power": others.power,
                "weight": others.weight,
                "taken": others.taken,
                "mixed": others.v * others.weight,
            },
            "sink": self._sink(),
            "mixed": _stage(example.mixed, example.mixed.values),
        }

    def facts(self) -> Iterable[Record]:
        """The object without what `arrays` has."""
        example = self.example
        yield {
            **self._facts(),
            "q": _stage(example.q),
            "k": _stage(example.k),
            "steps": [_stage(row) for row in self._steps],
            "v": _stage(example.v),
            **self._softmax(),
            "sink": self._sink(),
            "mixed": _stage(example.mixed),
        }

    def rows(self) -> Iterator[Record]:
        """A row for each key."""
        example = self.example
        for key in map(int, self.choice.keys):
            yield {
                "attention": example.path,
                "layer": example.layer,
                "head": example.head,
                "query": example.query,
                "query_token": example.query_tokens.texts[example.query],
                "key": key,
                "key_token": example.key_tokens.texts[key],
                **{step.name: step.values[key] for step in example.steps},
                "power": example.powers[key],
                "weight": example.weights.values[key],
                "length": example.lengths[key],
                "taken": example.taken[key],
            }

    def arrays(self) -> Arrays:
        """Each stage of the head for this query, all keys: `layers.0.attn.heads.1.weights`."""
        example, name = self.example, f"{self.example.path}.heads.{self.example.head}"
        rows = {row.name: row.values for row in (*example.steps, *(example.with_sink or ()), example.weights)}
        arrays = {
            "q": example.q.values,  # [d_head]
            "k": example.k.values,  # [key, d_head]
            "products": example.products,  # [key, d_head]
            **rows,  # [key], or [key + 1] with a sink
            "v": example.v.values,  # [key, d_value]
            "mixed": example.mixed.values,  # [d_value]
        }
        return {f"{name}.{stage}": np.ascontiguousarray(values) for stage, values in arrays.items()}

    @property
    def _steps(self) -> tuple[StageRow, ...]:
        example = self.example
        return (*example.steps, *(example.with_sink or ()), example.weights)

    def _facts(self) -> dict[str, Any]:
        example = self.example
        return {
            "attention": example.path,
            "layer": example.layer,
            "head": example.head,
            "kv_head": example.kv_head,
            "query": {"index": example.query, "text": example.query_tokens.texts[example.query]},
            "scale": example.scale,
            "cap": example.cap,
        }

    def _softmax(self) -> dict[str, Any]:
        example = self.example
        return {"max": example.max_score, "max_key": example.max_key, "sum": example.total}

    def _sink(self) -> dict[str, Any] | None:
        sink = self.example.sink
        return None if sink is None else {"score": sink.score, "power": sink.power, "weight": sink.weight}

    def _key(self, key: int) -> dict[str, Any]:
        """The numbers of a key on the way from q · k to the output."""
        example = self.example
        return {
            "index": key,
            "text": example.key_tokens.texts[key],
            "k": example.k.values[key],
            "products": example.products[key],
            **{step.name: step.values[key] for step in example.steps},
            "bias": None if example.bias is None else example.bias[key],
            "power": example.powers[key],
            "weight": example.weights.values[key],
            "v": example.v.values[key],
            "length": example.lengths[key],
            "taken": example.taken[key],
        }


def _stage(row: StageRow, values: Array | None = None) -> dict[str, Any]:
    """What the catalogue says of a stage, and its numbers where they are given."""
    facts = {"stage": row.stage, "symbol": row.symbol, "formula": row.formula, "meaning": row.meaning}
    facts |= {"detail": row.detail} if row.detail else {}
    return facts if values is None else facts | {"values": np.ascontiguousarray(values)}
