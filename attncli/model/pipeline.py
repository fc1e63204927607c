"""From a Request to numbers: load the model, tokenize, bind, check, select, run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from attncli.errors import UsageError
from attncli.language import N_, Message
from attncli.model.heads import heads_asked, heads_of, layers_asked
from attncli.model.indices import layers_of, positions_of
from attncli.model.input import check_tokens, tokenize, tokenize_target
from attncli.model.loading import load
from attncli.model.model import Model
from attncli.model.modules import modules_of
from attncli.model.request import Indices, Request, Top
from attncli.model.running import run
from attncli.stages.chain import attention_chain
from attncli.stages.selecting import select
from attncli.text.tokens import Tokens
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import OnPart
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


@dataclass(frozen=True, eq=False)
class Prepared:
    """A Request whose model is loaded and bound to the tokens, which suit it. `head` is the Trace to come, without
    stages."""

    request: Request
    model: Model
    tokens: Tokens
    target: Tokens | None
    head: Trace


def prepare(request: Request, model: Model | None = None, schema: str = "attn.trace/1") -> Prepared:
    """Everything that a forward pass needs. `model`: the model that the request names, if it is loaded already.
    `schema`: of the document to come.

    Raises AttnError for a model or a text that cannot be used, UsageError for a request that makes no sense.
    """
    asked = request.input
    loaded = load(request.model) if model is None else model
    tokens = tokenize(loaded, asked.text, asked.pair, asked.ids, asked.special_tokens, asked.truncate)
    target = tokenize_target(loaded, asked.target, asked.target_ids, asked.special_tokens)
    bound = loaded.bind(loaded, tokens)
    check_tokens(bound.spec, tokens, target)
    head = Trace(
        text=asked.text, model=bound.info, tokens=tokens, target=target, target_text=asked.target, schema=schema
    )
    return Prepared(request, bound, tokens, target, head)


def layers_in(prepared: Prepared) -> dict[str, set[int]]:
    """The layers of each stack, by its prefix: those that the request names, or the model's own default."""
    asked = layers_asked(prepared.request.scope)
    return layers_of(prepared.model.spec, (prepared.model.layer,) if asked is None else asked)


def selection_in(prepared: Prepared) -> Selection:
    """The stages that the request names, or the attention with what it is computed from, of the heads and the rows
    that the request names. Raises UsageError as `selection_of` does, and for a stage that is not there."""
    spec, scope, layers = prepared.model.spec, prepared.request.scope, layers_in(prepared)
    if scope.stages is not None:
        return selection_of(prepared, select(spec, scope.stages, layers, lambda: modules_of(prepared.model)))
    chain = attention_chain(spec, layers)
    return replace(selection_of(prepared, chain.stages), given=chain.given)


def selection_of(prepared: Prepared, stages: Sequence[str]) -> Selection:
    """These stages, of the heads and the rows that the request names.

    Raises UsageError for a head, a row or a side that is not there.
    """
    scope, spec = prepared.request.scope, prepared.model.spec
    heads = heads_of(spec, stages, heads_asked(scope))
    if prepared.target is None:
        if scope.encoder_queries not in (None, "all"):
            raise UsageError(
                N_("encoder_queries: {family} models have no encoder beside the decoder.", family=spec.family)
            )
        rows = None if scope.queries is None else positions_of(scope.queries, prepared.tokens)
        return Selection(tuple(stages), heads, rows)
    return Selection(tuple(stages), heads, *_rows_of_both_sides(prepared, stages, prepared.target))


def _rows_of_both_sides(
    prepared: Prepared, stages: Sequence[str], target: Tokens
) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """The rows of the decoder's stages, which are the target's tokens, and of the encoder's, the source's."""
    queries, encoder_queries = prepared.request.scope.queries, prepared.request.scope.encoder_queries
    if encoder_queries is not None:  # each side is asked for by itself
        source_rows = None if encoder_queries == "all" else _rows(encoder_queries, prepared.tokens, N_("source"))
        return _rows(queries, target, N_("target")), source_rows
    of_encoder = [name.startswith("encoder.") for name in stages]
    return (
        None if all(of_encoder) else _rows(queries, target, N_("target"), _only("encoder")),
        _rows(queries, prepared.tokens, N_("source"), _only("decoder")) if any(of_encoder) else None,
    )


def _only(stack: str) -> Message:
    return N_("Or ask for the other side only: --stage '{stack}.*'.", stack=stack)


def side_of(prepared: Prepared, tokens: Tokens) -> str:
    """Whose tokens these are: source or target; empty where there is one text only."""
    return "" if prepared.target is None else N_("source") if tokens is prepared.tokens else N_("target")


def _rows(asked: Indices | None, tokens: Tokens, side: str, hint: str = "") -> tuple[int, ...] | None:
    return None if asked is None else positions_of(asked, tokens, "query", side, hint)


def run_selection(
    prepared: Prepared,
    selection: Selection,
    on_stage: Callable[[Stage], None] = lambda stage: None,
    top: int | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
    on_part: OnPart | None = None,
) -> None:
    """Computes the selected stages, in order, and hands each to `on_stage`; see `run`."""
    run(prepared.model, prepared.tokens, selection, on_stage, top, prepared.target, progress, on_part)


def top_of(asked: Top | None, default: int | None) -> int | None:
    """How many of the largest are kept; None: all."""
    if asked is None:
        return default
    return None if asked == "all" else asked
