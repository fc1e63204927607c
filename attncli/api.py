"""The Python API: a function for each thing that a command does, with the same names for the same things.

Each function makes a Request from its keywords, which `attncli.model.pipeline` answers, as it does for the command
line. Arguments for names (`stages`, `only`) take one name or several. Arguments for indices (`layers`, `heads`,
`queries`) take a number, several, or a text as on the command line: "0,2-3", "-1", "all". None means all; an empty
list is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attncli.errors import UsageError
from attncli.formula.pooling import How
from attncli.language import N_, listed
from attncli.model.input import tokenize, tokenize_target
from attncli.model.loading import load_model
from attncli.model.model import Model
from attncli.model.pipeline import Prepared, prepare, run_selection, selection_in, top_of
from attncli.model.request import (
    Asked,
    Attention,
    Input,
    ModelSource,
    Request,
    Scope,
    Top,
    indices_asked,
    names,
    scope,
    whole_numbers,
)
from attncli.notebook import Results, shown
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

if TYPE_CHECKING:
    from attncli.insights.maps import MapSection
    from attncli.insights.similarity import AtDistance
    from attncli.insights.versus.comparison import Comparison
    from attncli.insights.worked_example import WorkedExample

__all__ = [
    "Model", "Results", "Stage", "Trace", "follow", "load_model", "maps", "positions",
    "similarity", "tokenize", "tokenize_target", "tokens", "trace", "versus",
]  # fmt: skip

ModelOrName = Model | str | Path | None
"""A Model, or what `load_model` loads one from. None: the story model that comes with attn."""


def trace(
    text: str | None = None,
    *,
    model: ModelOrName = None,
    stages: str | Iterable[str] = "all",
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    layers: Asked = None,
    heads: Asked = None,
    queries: Asked = None,
    special_tokens: bool = True,
    truncate: bool = False,
    target: str | None = None,
    target_ids: Sequence[int] | None = None,
    encoder_queries: Asked = None,
    top: Top | None = None,
) -> Trace:
    """Every selected stage between a text (or token `ids`) and the logits, as `attn explain --stage` shows them.

    `model`: a Model, or what `load_model` takes; None for the story model that comes with attn. `stages`: a name
    or glob, or several (`weights`, `layers.*.attn.q`, `all`); `layers` chooses the layers of those that name none.
    `heads` and `queries` keep some heads and some rows: a number, several, or a text such as "0,2-3", "-1", "all";
    negative numbers count from the end. A query may also be a token's text. None: all.

    `pair`: a second text, for models that take two. `special_tokens`: whether the tokenizer adds [CLS], <s> and
    the like. `truncate`: keep only as many tokens as the model has positions. `top`: how many of the largest
    logits and probs are kept at each position; None: all of the vocabulary.

    For an encoder-decoder, `target` is what the decoder has produced so far (or `target_ids`: its input as token
    ids, start token included; neither: the start token alone). `queries` are then rows of the decoder's stages,
    `encoder_queries` of the encoder's.

    A stage's `values` have an axis for each name in its `axes`: weights are [head, query, key], with rows for
    queries and columns for keys, in the model's dtype.

    >>> import attncli
    >>> weights = attncli.trace("The cat sat on the mat", stages="weights", layers=1)["weights"]
    >>> weights.axes, weights.values.shape
    (('head', 'query', 'key'), (4, 8, 8))
    >>> weights.values.sum(axis=-1).round(3).min().item()
    1.0

    Raises AttnError for a model or text that cannot be used, and its subclass UsageError for a request that makes
    no sense: a stage, layer, head or query that does not exist, or an empty list of them.
    """
    chosen = scope(stages, _all(layers), heads, queries, None, _own_rows(queries, encoder_queries), top)
    prepared = _prepared(_input(text, pair, ids, special_tokens, truncate, target, target_ids), model, chosen)
    kept: dict[str, Stage] = {}

    def keep(stage: Stage) -> None:
        kept[stage.name] = stage

    run_selection(prepared, selection_in(prepared), keep, top_of(top, None))
    return replace(prepared.head, stages=kept)


def follow(
    text: str | None = None,
    query: int | str | None = None,
    *,
    model: ModelOrName = None,
    layers: Asked = None,
    heads: Asked = None,
    attention: Attention | None = None,
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
    target: str | None = None,
    target_ids: Sequence[int] | None = None,
) -> Results[WorkedExample]:
    """One query token followed through the attention formula, as `attn explain --query` shows it: for each layer
    and head the row of that token, from q · k to what each key's value adds to the output.

    `query`: its position, or its text. `attention`, for an encoder with a decoder: `self` (the decoder's own, the
    default), `cross` or `encoder`. The other arguments are those of `trace`.

    >>> import attncli
    >>> (row,) = attncli.follow("The cat sat on the mat", "sat", layers=1, heads=0)
    >>> row.products.shape  # [key, d_head]: q_i k_i, which add up to the score of each key
    (8, 32)
    >>> abs(row.products.sum(axis=-1) - row.step("scores")).max() < 1e-4
    np.True_

    Raises AttnError and UsageError as `trace` does, UsageError also for a query that is not one token.
    """
    from attncli.insights.following import follow as follow_query
    from attncli.insights.following import followed

    if query is None:
        raise UsageError(
            N_("no query is given."), N_("Give the token that attends, by position or text: query=1.")
        )
    chosen = scope(None, _all(layers), heads, query, attention=attention)
    prepared = _prepared(_input(text, pair, ids, special_tokens, truncate, target, target_ids), model, chosen)
    asked = followed(prepared)
    if asked is None:
        raise UsageError(N_("query {query!r} is several tokens; one is followed at a time.", query=query))
    return Results(follow_query(prepared, asked), prepared.head)


def maps(
    text: str | None = None,
    *,
    model: ModelOrName = None,
    stages: str | Iterable[str] | None = None,
    layers: Asked = None,
    heads: Asked = None,
    queries: Asked = None,
    keys: Asked = None,
    sort: str = "layer",
    pool: int | None = None,
    how: How = "max",
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
    target: str | None = None,
    target_ids: Sequence[int] | None = None,
    encoder_queries: Asked = None,
) -> Results[MapSection]:
    """Where heads attend, as `attn map` shows it: for each stage the matrices of its heads, with scores for what
    the heads do.

    `stages`: stages with queries and keys; None: the weights of every attention. `queries` and `keys` keep some
    rows and columns. `sort`: `layer`, a pattern (`previous`, `first`, `self`, `same`, `induction`) or `entropy`.
    `pool`: the most cells along each side; None: a cell for each number. `how`: what a cell shows of several
    numbers, `max` (the one farthest from zero) or `mean`. The other arguments are those of `trace`.

    A map's `values` are [query, key], or [cell, cell] where they are pooled, float64; -inf where the mask hides
    the key.

    >>> import attncli
    >>> (section,) = attncli.maps("The cat sat on the mat")
    >>> len(section.maps), section.maps[0].values.shape
    (16, (8, 8))

    Raises AttnError and UsageError as `trace` does.
    """
    from attncli.insights.requested_maps import map_selection, maps_of, planned_maps, pooled_to
    from attncli.insights.sorts import SORTS

    if sort not in SORTS:
        raise UsageError(N_("sort {sort!r}: give one of {sorts}.", sort=sort, sorts=listed(*SORTS)))
    if how not in ("max", "mean"):
        raise UsageError(N_("how {how!r}: give max or mean.", how=how))
    chosen = scope(stages, layers, heads, queries, keys, _own_rows(queries, encoder_queries))
    asked = _input(text, pair, ids, special_tokens, truncate, target, target_ids)
    prepared = _prepared(asked, model, chosen, "attn.map/1")
    selection = map_selection(prepared, sort)
    planned = pooled_to(planned_maps(prepared, selection, how), pool)
    return Results(maps_of(prepared, selection, planned, sort), prepared.head)


def positions(
    kind: str | None = None,
    *,
    dim: int | None = None,
    length: int | None = None,
    position: Asked = None,
    base: float | None = None,
    heads: int | None = None,
    model: ModelOrName = None,
) -> Trace:
    """Positional encodings as stages, as `attn pe` shows them.

    `kind`: `sinusoidal` (the default), `rotary` or `alibi`. `model`: show the model's own encodings instead.
    `dim`: the size of the encoding, or of a head (64). `length`: the number of positions, from 0 (16); or
    `position`: which positions. `base`: the base of the wavelengths (10000). `heads`: the number of heads of ALiBi
    (8).

    The stages are float64: `pe.sinusoidal` [position, dimension]; `pe.angles`, `pe.cos` and `pe.sin` [position,
    pair], angles in radians; `pe.slopes` [head] and `pe.bias` [head, query, key]; a model's table
    `embed.positions` [position, d_model].

    >>> import attncli
    >>> attncli.positions("rotary", dim=8, length=4)["pe.angles"].values.shape
    (4, 4)

    Raises UsageError for arguments that do not go together, AttnError for a model that cannot be used.
    """
    from attncli.insights.encoding_request import EncodingRequest
    from attncli.insights.requested_encodings import encodings_of

    asked = EncodingRequest(kind, dim, length, indices_asked("position", position), base, heads)
    return encodings_of(asked, None if model is None else _loaded(model))


def similarity(
    kind: str | None = None,
    *,
    dim: int | None = None,
    length: int | None = None,
    position: Asked = None,
    base: float | None = None,
    model: ModelOrName = None,
) -> Results[AtDistance]:
    """The dot products of positional encodings by the distance of their positions, as `attn pe --similarity` shows
    them: how many pairs there are at each distance, their mean, smallest and largest product. The arguments are
    those of `positions`.

    >>> import attncli
    >>> [at.distance for at in attncli.similarity(dim=64, length=3)]
    [0, 1, 2]

    Raises UsageError for ALiBi, which has no encodings to multiply, and as `positions` does.
    """
    from attncli.insights.requested_encodings import similarities_of

    formula, distances = similarities_of(
        positions(kind, dim=dim, length=length, position=position, base=base, model=model)
    )
    return Results(distances, formula=formula)


def tokens(
    text: str | None = None,
    *,
    model: ModelOrName = None,
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
) -> Tokens:
    """The tokens of a text, as `attn tokens` shows them: ids, texts, and the characters that each covers. The
    arguments are those of `trace`. `tokenize` does the same with a loaded Model, `tokenize_target` shows what the
    decoder of an encoder-decoder reads.

    >>> import attncli
    >>> attncli.tokens("The cat sat on the mat", model=attncli.load_model(seed=0)).texts
    ('The', 'cat', 'sat', 'on', 'the', 'mat')

    Raises UsageError for neither text nor ids, for both, and for a text without tokens; AttnError for a model that
    cannot be used or has no tokenizer.
    """
    return tokenize(_loaded(model), text, pair, ids, special_tokens, truncate)


def versus(
    text: str | None = None,
    *,
    ids: Sequence[int] | None = None,
    only: str | Iterable[str] | None = None,
    d_model: int = 64,
    seed: int = 0,
    gain: float | None = None,
    forget_bias: float | None = None,
    lengths: Sequence[int] | None = None,
    tokenizer: str | Path = "words",
) -> Comparison:
    """Attention compared with recurrence, as `attn versus` shows it: self-attention, an RNN and an LSTM, one
    seeded layer each with about the same number of parameters, on one text.

    `only`: `sequential` (the steps that must run one after another, and the time at each of `lengths`), `range`
    (the influence of each earlier token on the last one) or `order` (what shuffling the words changes); None: all
    three. `d_model`: the width of the word vectors. `gain`: the spectral radius of the recurrent matrices (1);
    `forget_bias`: the bias of the LSTM's forget gates (1). `tokenizer`: words, chars, bytes or a path. Times are
    measured with as many threads as numpy has in this process.

    >>> import attncli
    >>> found = attncli.versus("The cat sat on the mat", only="order")
    >>> len(found.shuffled), found.influences is None
    (6, True)

    Raises UsageError for arguments that do not go together, AttnError for a tokenizer that cannot be read.
    """
    from attncli.insights.versus.request import compared
    from attncli.insights.versus.settings import settings

    asked = settings(names("only", only), d_model, seed, gain, forget_bias, lengths, tokenizer)
    found, _ = compared(asked, Input(text=text, ids=None if ids is None else whole_numbers("ids", ids)))
    return shown(found)


def _input(
    text: str | None,
    pair: str | None,
    ids: Sequence[int] | None,
    special_tokens: bool,
    truncate: bool,
    target: str | None,
    target_ids: Sequence[int] | None,
) -> Input:
    return Input(
        text=text,
        pair=pair,
        ids=None if ids is None else whole_numbers("ids", ids),
        special_tokens=special_tokens,
        truncate=truncate,
        target=target,
        target_ids=None if target_ids is None else whole_numbers("target_ids", target_ids),
    )


def _prepared(asked: Input, model: ModelOrName, chosen: Scope, schema: str = "attn.trace/1") -> Prepared:
    loaded = model if isinstance(model, Model) else None
    source = ModelSource() if isinstance(model, Model) else ModelSource(source=model)
    return prepare(Request(asked, source, chosen), loaded, schema)


def _loaded(model: ModelOrName) -> Model:
    return model if isinstance(model, Model) else load_model(model)


def _all(layers: Asked) -> Asked:
    """In Python, None means all layers; on the command line, the layer that a view shows by default."""
    return "all" if layers is None else layers


def _own_rows(queries: Asked, encoder_queries: Asked) -> Asked:
    """In Python, queries are rows of the decoder only; on the command line, of both sides."""
    return "all" if encoder_queries is None and queries is not None else encoder_queries
