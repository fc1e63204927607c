"""A comparison of attention and recurrence for programs, as in attncli/schemas/versus-1.json."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncli.formula.types import Array
from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.models import NAMES
from attncli.insights.versus.sequential import WORK, operations, steps
from attncli.insights.versus.settings import Settings
from attncli.text.tokens import Tokens
from attncli.version import __version__
from attncli.views.versus.sentences import (
    ORDER_CLAIM,
    RANGE_CLAIM,
    SEQUENTIAL_CLAIM,
    order_result,
    range_result,
    sequential_limits,
    sequential_result,
)


def document(comparison: Comparison, tokens: Tokens, text: str | None, settings: Settings) -> dict[str, Any]:
    """The JSON document. An experiment that did not run is null, and so is a number that is not finite."""
    n = len(tokens)
    return {
        "schema": "attn.versus/1",
        "version": __version__,
        "text": text,
        "seed": settings.seed,
        "d_model": settings.d_model,
        "gain": settings.gain,
        "forget_bias": settings.forget_bias,
        "tokens": tokens.records(),
        "models": [_model(comparison, name, n) for name in NAMES],
        "sequential": _sequential(comparison, n),
        "range": _range(comparison, tokens),
        "order": _order(comparison, tokens),
    }


def _model(comparison: Comparison, name: str, n: int) -> dict[str, Any]:
    models, work = comparison.models, WORK[name]
    hidden = models.hidden[name]
    return {
        "model": name,
        "hidden": hidden,
        "parameters": models.parameters[name],
        "sequential_steps": {"order": work.steps, "n": steps(name, n)},
        "operations": {"order": work.operations, "n": operations(name, n, models.d_model, hidden)},
        "longest_path": work.path,
    }


def _sequential(comparison: Comparison, n: int) -> dict[str, Any] | None:
    sequential, models = comparison.sequential, comparison.models
    if sequential is None:
        return None
    return {
        "dtype": "float32",
        "threads": sequential.threads,
        "timings": [
            {
                "model": timing.model,
                "n": timing.n,
                "seconds": timing.seconds,
                "repeats": timing.repeats,
                "low": timing.low,
                "high": timing.high,
                "sequential_steps": steps(timing.model, timing.n),
                "operations": operations(timing.model, timing.n, models.d_model, models.hidden[timing.model]),
            }
            for timing in sequential.timings
        ],
        "crossings": [
            {
                "models": ["attention", crossing.other],
                "n": crossing.n,
                "between": list(crossing.between),
                "faster_before": "attention" if crossing.attention_faster_before else crossing.other,
            }
            for crossing in sequential.crossings
        ],
        "shown": str(sequential_result(n, sequential)),
        "limits": str(sequential_limits(models.d_model, sequential.threads)),
        "claimed": str(SEQUENTIAL_CLAIM),
    }


def _range(comparison: Comparison, tokens: Tokens) -> dict[str, Any] | None:
    if comparison.influences is None:
        return None
    return {
        "dtype": "float64",
        "norm": "Frobenius",
        "distances": list(range(len(tokens) - 1, -1, -1)),
        "models": [
            {
                "model": influence.model,
                "norms": _numbers(influence.norms),
                "log10_norms": _numbers(influence.log_norms / np.log(10)),
                "path": list(influence.path),
                "per_step": influence.per_step,
            }
            for influence in comparison.influences
        ],
        "shown": str(range_result(tokens, comparison.influences)),
        "claimed": str(RANGE_CLAIM),
    }


def _order(comparison: Comparison, tokens: Tokens) -> dict[str, Any] | None:
    if comparison.differences is None or comparison.shuffled is None:
        return None
    return {
        "dtype": "float64",
        "shuffled": comparison.shuffled.tolist(),
        "texts": [tokens.texts[i] for i in comparison.shuffled],
        "models": [
            {
                "model": difference.model,
                "positions": difference.positions,
                "causal": difference.mask,
                "largest": difference.largest,
                "relative": difference.relative,
                "same": difference.same,
                "by_token": _numbers(difference.by_token),
            }
            for difference in comparison.differences
        ],
        "shown": str(order_result(tokens, comparison.differences)),
        "claimed": str(ORDER_CLAIM),
    }


def _numbers(values: Array) -> list[float | None]:
    """What is not finite becomes null."""
    return [float(value) if np.isfinite(value) else None for value in values]
