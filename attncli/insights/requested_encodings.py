"""The positional encodings that a request asks for, as stages."""

from __future__ import annotations

import re
from typing import Any

from attncli.errors import UsageError
from attncli.insights import encodings
from attncli.insights.encoding_request import ENCODINGS, EncodingRequest
from attncli.insights.similarity import AtDistance, by_distance, dot_products
from attncli.language import N_, Message, listed
from attncli.model.indices import indices, written
from attncli.model.model import Model
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

_FLAGS = {"kind": "--positions"}
LARGEST_BASE = 1e30
MOST_DIMENSIONS, MOST_HEADS, MOST_POSITIONS = 1 << 16, 1024, 1 << 20


def encodings_of(asked: EncodingRequest, model: Model | None = None) -> Trace:
    """The stages of a formula's encodings, or of a model's own: its table, learned or computed, or its rotary
    angles. `parameters` of the trace say which they are, and at which positions.

    Raises UsageError for settings that do not go together, and for a model without positional encodings.
    """
    parameters, stages = _of_formula(asked) if model is None else _of_model(asked, model)
    return Trace(stages={stage.name: stage for stage in stages}, schema="attn.pe/1", parameters=parameters)


def similarities_of(trace: Trace) -> tuple[str, list[AtDistance]]:
    """The dot products of the encodings in a trace by distance, and their formula. Raises UsageError for ALiBi."""
    vectors, formula = encodings.vectors(list(trace.values()))
    return formula, by_distance(dot_products(vectors), trace.parameters["positions"])


def _of_formula(asked: EncodingRequest) -> tuple[dict[str, Any], list[Stage]]:
    kind = asked.kind or "sinusoidal"
    if kind not in ENCODINGS:
        raise UsageError(N_("kind {kind!r}: give one of {encodings}.", kind=kind, encodings=listed(*ENCODINGS)))
    positions = _positions(asked, None)
    if kind == "alibi":
        _refuse(asked, ("dim", "base"), N_("{flag} does not apply: ALiBi has a slope for each head."))
        heads = _within("--heads", asked.heads, 8, MOST_HEADS)
        return {"kind": kind, "heads": heads, "positions": positions}, encodings.alibi(heads, positions)
    _refuse(asked, ("heads",), N_("{flag} does not apply: {kind} encodings are the same for every head."))
    dim = _within("--dim", asked.dim, 64, MOST_DIMENSIONS)
    if dim % 2:
        raise UsageError(
            N_("--dim {dim} is odd: sine and cosine come in pairs.", dim=dim),
            N_("Use --dim {value} or {dim}.", value=dim - 1 or 2, dim=dim + 1),
        )
    base = 10000.0 if asked.base is None else asked.base
    if not 1 < base < LARGEST_BASE:
        raise UsageError(
            N_(
                "--base {base:g} is out of range: above 1, and below {largest:g}.", base=base, largest=LARGEST_BASE
            ),
            N_("The usual base is 10000."),
        )
    formula = encodings.sinusoidal if kind == "sinusoidal" else encodings.rotary
    return {"kind": kind, "dim": dim, "base": base, "positions": positions}, formula(dim, base, positions)


def _of_model(asked: EncodingRequest, model: Model) -> tuple[dict[str, Any], list[Stage]]:
    _refuse(asked, ("dim", "base", "kind", "heads"), N_("{flag} does not apply: a model has its own."))
    positions = _positions(asked, model.spec.max_positions)
    facts = {"kind": model.spec.positions, "model": model.name, "positions": positions}
    return facts, encodings.of_model(model, positions)


def _refuse(asked: EncodingRequest, names: tuple[str, ...], message: Message) -> None:
    """Raises UsageError for settings that have no effect; `message` has the name of the setting open."""
    for name in names:
        if getattr(asked, name) is not None:
            raise UsageError(N_(message.text, flag=_FLAGS.get(name, f"--{name}"), kind=asked.kind or "sinusoidal"))


def _within(flag: str, value: int | None, default: int, largest: int) -> int:
    if value is None:
        return default
    if not 1 <= value <= largest:
        raise UsageError(
            N_("{flag} {value} is out of range: 1 to {largest}.", flag=flag, value=value, largest=largest)
        )
    return value


def _positions(asked: EncodingRequest, limit: int | None) -> list[int]:
    """The requested positions, below the model's limit."""
    largest = MOST_POSITIONS if limit is None else limit
    if asked.position is None:
        return list(range(_within("--length", asked.length, min(16, largest), largest)))
    if asked.length is not None:
        raise UsageError(N_("--length and --at are both given: one of them says which positions."))
    position = written(asked.position)
    if limit is None and (position == "all" or re.search(r"(^|[,-])\s*-", position)):
        raise UsageError(
            N_("--at {position}: a formula has no last position.", position=position),
            N_("Give positions from 0, as in --at 3 or --at 5-9."),
        )
    if limit is None:
        return list(indices(asked.position, largest, "position", from_the_end=False))
    return list(indices(asked.position, largest, "position"))
