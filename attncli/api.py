"""The Python way in: a text goes in, a Trace comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attncli.errors import UsageError
from attncli.loading import load_model
from attncli.model import Model, run
from attncli.selecting import select
from attncli.tokens import Tokens
from attncli.tracing import Selection, Stage, Trace


def trace(
    text: str | None = None,
    *,
    model: Model | str | Path | None = None,
    stages: Sequence[str] = ("all",),
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    queries: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
) -> Trace:
    """Every selected stage between a text (or token `ids`) and the logits.

    `model`: what `load_model` gives, or takes; None for seeded weights. `stages`: names or globs (`weights`,
    `layers.*.attn.q`, `all`), narrowed by `layers`. `heads` and `queries` keep only some heads and some rows
    (None: all). The values have the axes that DESIGN's catalogue names: rows are queries, columns keys.

    Raises AttnError and its kind UsageError.
    """
    loaded = model if isinstance(model, Model) else load_model(model)
    tokens = tokenize(loaded, text, pair, ids, special_tokens, truncate)
    loaded = loaded.bind(loaded, tokens)
    chosen = Selection(
        tuple(select(loaded.spec, stages, layers)),
        None if heads is None else _in_range("head", heads, loaded.spec.heads),
        None if queries is None else _in_range("query", queries, len(tokens)),
    )
    kept: dict[str, Stage] = {}
    run(loaded, tokens, chosen, lambda stage: kept.__setitem__(stage.name, stage))
    return Trace(text=text, model=loaded.info, tokens=tokens, stages=kept)


def tokenize(
    model: Model,
    text: str | None,
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
) -> Tokens:
    """The tokens of a text, or of ids as they are. Raises UsageError for neither, both, or no tokens."""
    if (text is None) == (ids is None):
        raise UsageError("give either a text or token ids.")
    assert model.tokenizer is not None
    limit = model.spec.max_positions if truncate else None
    if ids is not None:
        if pair is not None:
            raise UsageError("--pair goes with a text, not with --ids.")
        return model.tokenizer.from_ids(list(ids)[:limit])
    assert text is not None
    if not text:
        raise UsageError("the sentence is empty.", 'Give some text: attn explain "The cat sat on the mat"')
    if pair is not None and not model.spec.pairs:
        raise UsageError(
            f"--pair needs a model with segments, such as BERT; {model.spec.family} models take one text."
        )
    tokens = model.tokenizer.encode(text, pair, special_tokens, limit)
    if not len(tokens):
        raise UsageError("the sentence has no tokens: nothing but white space.")
    # A model with one segment or none does not tell two texts apart by it, whatever its tokenizer says
    return tokens if model.spec.types > 1 else replace(tokens, types=(0,) * len(tokens))


def _in_range(what: str, chosen: Sequence[int], count: int) -> tuple[int, ...]:
    """Indices in order, negative ones counted from the end. Raises UsageError outside the range."""
    for i in chosen:
        if not -count <= i < count:
            raise UsageError(
                f"{what} {i} is out of range: there are {count}, 0 to {count - 1} (or -1 for the last)."
            )
    return tuple(sorted({i % count for i in chosen}))
