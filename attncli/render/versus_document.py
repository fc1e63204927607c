"""A comparison of attention and recurrence for programs, as in attncli/schemas/versus-1.json."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncli.formula.types import Array
from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.models import NAMES
from attncli.insights.versus.sequential import WORK, operations, steps
from attncli.render.versus_words import ORDER_CLAIM, REACH_CLAIM, WORK_CLAIM, of_order, of_reach, of_work
from attncli.text.tokens import Tokens
from attncli.version import __version__


def document(found: Comparison, tokens: Tokens, text: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    """`settings`: how the models were drawn. An experiment that was not asked for is null; so is a number that is
    not finite, when it is encoded."""
    return {
        "schema": "attn.versus/1",
        "version": __version__,
        "text": text,
        **settings,
        "tokens": tokens.records(),
        "models": [_model(found, name, len(tokens)) for name in NAMES],
        "sequential": _sequential(found, len(tokens)),
        "range": _range(found, tokens),
        "order": _order(found, tokens),
    }


def _model(found: Comparison, name: str, n: int) -> dict[str, Any]:
    models, work = found.models, WORK[name]
    hidden = models.hidden[name]
    return {
        "model": name,
        "hidden": hidden,
        "parameters": models.parameters[name],
        "sequential_steps": {"order": work.steps, "n": steps(name, n)},
        "operations": {"order": work.operations, "n": operations(name, n, models.d_model, hidden)},
        "longest_path": work.path,
    }


def _sequential(found: Comparison, n: int) -> dict[str, Any] | None:
    measured = found.sequential
    if measured is None:
        return None
    return {
        "dtype": "float32",
        "threads": measured.threads,
        "timings": [
            {
                "model": t.model,
                "n": t.n,
                "seconds": t.seconds,
                "repeats": t.repeats,
                "sequential_steps": steps(t.model, t.n),
                "operations": operations(t.model, t.n, found.models.d_model, found.models.hidden[t.model]),
            }
            for t in measured.timings
        ],
        "crossings": [
            {
                "models": ["attention", c.other],
                "n": c.n,
                "between": list(c.between),
                "faster_before": "attention" if c.attention_faster_before else c.other,
            }
            for c in measured.crossings
        ],
        "shown": str(of_work(n, measured)),
        "claimed": str(WORK_CLAIM),
    }


def _range(found: Comparison, tokens: Tokens) -> dict[str, Any] | None:
    if found.reach is None:
        return None
    return {
        "dtype": "float64",
        "norm": "Frobenius",
        "distances": list(range(len(tokens) - 1, -1, -1)),
        "models": [
            {
                "model": f.model,
                "norms": _numbers(f.norms),
                "log10_norms": _numbers(f.log_norms / np.log(10)),
                "path": list(f.path),
                "per_step": f.per_step,
            }
            for f in found.reach
        ],
        "shown": str(of_reach(tokens, found.reach)),
        "claimed": str(REACH_CLAIM),
    }


def _order(found: Comparison, tokens: Tokens) -> dict[str, Any] | None:
    if found.order is None or found.shuffled is None:
        return None
    return {
        "dtype": "float64",
        "shuffled": found.shuffled.tolist(),
        "texts": [tokens.texts[i] for i in found.shuffled],
        "models": [
            {
                "model": f.model,
                "positions": f.positions,
                "causal": f.mask,
                "largest": f.largest,
                "relative": f.relative,
                "same": f.same,
                "by_token": _numbers(f.by_token),
            }
            for f in found.order
        ],
        "shown": str(of_order(tokens, found.order)),
        "claimed": str(ORDER_CLAIM),
    }


def _numbers(values: Array) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
