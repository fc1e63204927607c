"""From a Request to worked examples: which query is followed, through which heads, and the numbers of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from attncli.errors import UsageError
from attncli.insights.worked_example import WorkedExample, stages_of, worked_example
from attncli.language import N_, Message
from attncli.model.heads import heads_asked, heads_of, layers_asked
from attncli.model.indices import positions_of, written
from attncli.model.pipeline import Prepared, layers_in, run_selection, side_of
from attncli.stages import attention_of, offered
from attncli.text.tokens import Tokens
from attncli.tracing.selection import Heads, Selection
from attncli.tracing.stage import Stage

ELSEWHERE = {
    "source": N_("Without --attention encoder it is a token of the target."),
    "target": N_("For a token of the source: --attention encoder."),
}
"""How to ask for a token of the other side."""


@dataclass(frozen=True)
class Followed:
    """A query, by its position, and the heads in which it is followed. `attentions`: the beginnings of their
    stages' names (`layers.3.attn`). `heads` None: all. `key`: the requested key; None: all."""

    attentions: tuple[str, ...]
    heads: Heads
    query: int
    key: int | None


def followed(prepared: Prepared) -> Followed | None:
    """What a request asks to follow; None where its queries are not one token.

    Raises UsageError for tokens, layers or heads that do not exist, and for a key or an attention with several
    queries.
    """
    scope, spec = prepared.request.scope, prepared.model.spec
    assert scope.queries is not None
    of_queries, of_keys = _sides(prepared)
    query_side, key_side = (side_of(prepared, tokens) for tokens in (of_queries, of_keys))
    queries = positions_of(scope.queries, of_queries, "query", query_side, ELSEWHERE.get(query_side, ""))
    if len(queries) > 1:
        for flag, asked in (("key", scope.keys), ("attention", scope.attention)):
            if asked is not None:
                raise not_followed(
                    N_(
                        "--{flag} needs one query token, and --query {asked} is {count}.",
                        flag=flag,
                        asked=written(scope.queries),
                        count=len(queries),
                    )
                )
        return None
    key = None if scope.keys is None else _key(prepared, of_keys, key_side)
    attentions = _attentions(prepared)
    heads = heads_of(spec, [f"{path}.q" for path in attentions], heads_asked(scope))
    return Followed(attentions, heads, queries[0], key)


def not_followed(message: Message) -> UsageError:
    """The error for an option that needs a followed query, where none is followed."""
    return UsageError(message, N_("As in: attn explain SENTENCE --query TOKEN"))


def _sides(prepared: Prepared) -> tuple[Tokens, Tokens]:
    """The tokens of the queries and of the keys."""
    tokens, target, attention = prepared.tokens, prepared.target, prepared.request.scope.attention
    if target is None:
        if attention is not None:
            raise UsageError(
                N_("--attention is for an encoder with a decoder; this model has one attention in a layer.")
            )
        return tokens, tokens
    return {"encoder": (tokens, tokens), "cross": (target, tokens)}.get(attention or "self", (target, target))


def _key(prepared: Prepared, of_keys: Tokens, side: str) -> int:
    asked = prepared.request.scope.keys
    assert asked is not None
    keys = positions_of(asked, of_keys, "key", side)
    if len(keys) > 1:
        raise UsageError(
            N_(
                "--key {asked} is {keys_count} tokens; one is shown at a time.",
                asked=written(asked),
                keys_count=len(keys),
            ),
            N_("Give one index or text."),
        )
    return keys[0]


def _attentions(prepared: Prepared) -> tuple[str, ...]:
    """The attention of each requested layer."""
    kind = prepared.request.scope.attention or "self"
    prefix = "" if prepared.target is None else "encoder." if kind == "encoder" else "decoder."
    layers = sorted(layers_in(prepared)[prefix])
    if not layers:
        count = len(prepared.model.spec.stack(prefix).layers)
        asked = layers_asked(prepared.request.scope)
        assert asked is not None  # the default layer is one that every stack has
        raise UsageError(
            N_(
                "--layer {asked}: the {prefix} has {count} layers, 0 to {last}.",
                asked=written(asked),
                prefix=prefix[:-1],
                count=count,
                last=count - 1,
            )
        )
    return tuple(f"{prefix}layers.{i}.{'cross' if kind == 'cross' else 'attn'}" for i in layers)


def follow(
    prepared: Prepared,
    asked: Followed,
    on_stage: Callable[[Stage], None] = lambda stage: None,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[WorkedExample, ...]:
    """The query's row of each head of each attention, in their order. `on_stage` is shown each stage that the rows
    are taken from."""
    spec, stages = prepared.model.spec, dict[str, Stage]()

    def keep(stage: Stage) -> None:
        on_stage(stage)
        stages[stage.name] = stage

    selection = _selection(prepared, asked)
    run_selection(prepared, selection, keep, progress=progress)
    trace = replace(prepared.head, stages=stages)
    return tuple(
        worked_example(trace, path, attention, head, asked.query)
        for path in asked.attentions
        for attention in [attention_of(spec, f"{path}.q")]
        for head in selection.heads_in(path) or range(attention.heads)
    )


def _selection(prepared: Prepared, asked: Followed) -> Selection:
    known = offered(prepared.model.spec)
    wanted = {name for path in asked.attentions for name in stages_of(known, path)}
    row, of_encoder = (asked.query,), asked.attentions[0].startswith("encoder.")
    names = tuple(name for name in known if name in wanted)
    return Selection(names, asked.heads, None if of_encoder else row, row if of_encoder else None)
