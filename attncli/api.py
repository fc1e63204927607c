"""The Python way in: a text goes in, a Trace comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attncli.architecture.spec import Spec
from attncli.errors import UsageError
from attncli.model.loading import load_model
from attncli.model.running import Model, run
from attncli.stages.selecting import head_counts, select
from attncli.text.tokenization import opaque_ids
from attncli.text.tokens import Tokens
from attncli.tracing.selection import Selection
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


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
    target: str | None = None,
    target_ids: Sequence[int] | None = None,
    encoder_queries: Sequence[int] | None = None,
) -> Trace:
    """Every selected stage between a text (or token `ids`) and the logits.

    `model`: what `load_model` gives, or takes; None for seeded weights. `stages`: names or globs (`weights`,
    `layers.*.attn.q`, `all`); a name that does not say its layer is narrowed by `layers`. `heads` and `queries`
    keep only some heads and some rows, negative indices counted from the end. None means all.

    `pair`: a second text, for models that take two. `special_tokens`: whether the tokenizer adds [CLS], <s> and
    the like. `truncate`: keep only as many tokens as the model has positions.

    A stage's `axes` name those of its values; of scores and weights rows are queries and columns keys. Logits and
    probs are kept whole, over the vocabulary.

    Of an encoder-decoder, `target` is what the decoder has said so far (or `target_ids` its input as it is, the
    start token included; neither: the start token alone). `queries` are then rows of the decoder's stages,
    `encoder_queries` of the encoder's.

    Raises AttnError and its kind UsageError.
    """
    loaded = model if isinstance(model, Model) else load_model(model)
    tokens = tokenize(loaded, text, pair, ids, special_tokens, truncate)
    said = tokenize_target(loaded, target, target_ids, special_tokens)
    loaded = loaded.bind(loaded, tokens)
    names = tuple(select(loaded.spec, stages, None if layers is None else _of_each_stack(loaded.spec, layers)))
    if encoder_queries is not None and said is None:
        raise UsageError(f"encoder_queries: {loaded.spec.family} models have no encoder beside the decoder.")
    chosen = Selection(
        names,
        None if heads is None else _in_range("head", heads, min(head_counts(loaded.spec, names))),
        None if queries is None else _in_range("query", queries, len(tokens if said is None else said)),
        None if encoder_queries is None else _in_range("query", encoder_queries, len(tokens)),
    )
    kept: dict[str, Stage] = {}
    run(loaded, tokens, chosen, lambda stage: kept.__setitem__(stage.name, stage), target=said)
    return Trace(text=text, model=loaded.info, tokens=tokens, stages=kept, target=said, target_text=target)


def tokenize(
    model: Model,
    text: str | None,
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
) -> Tokens:
    """The tokens of a text, with a second one (`pair`) where the model takes two, or of ids as they are.

    `special_tokens`: whether the tokenizer adds [CLS], <s> and the like; `truncate`: keep only as many tokens as
    the model has positions. Raises UsageError for neither text nor ids, both, or no tokens; AttnError where the
    checkpoint has no tokenizer.
    """
    if (text is None) == (ids is None):
        raise UsageError("give either a text or token ids.")
    assert model.tokenizer is not None
    limit = model.spec.stacks[0].embed.max_positions if truncate else None
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


def tokenize_target(
    model: Model, target: str | None = None, ids: Sequence[int] | None = None, special_tokens: bool = True
) -> Tokens | None:
    """What the decoder of an encoder-decoder reads: its start token, then the target's tokens without the one that
    closes them, as in training, where each position is to say the next token. `ids` are its input as it is. None
    for a model that has no encoder. Raises UsageError for a target that the model cannot take."""
    spec = model.spec
    if spec.encoder is None:
        if target is not None or ids is not None:
            flag = "--target" if ids is None else "--target-ids"
            raise UsageError(f"{flag} is for an encoder with a decoder; {spec.family} models have no encoder.")
        return None
    if target is not None and ids is not None:
        raise UsageError("--target and --target-ids are both given.", "Give one of the two.")
    assert model.tokenizer is not None
    tokenizer = replace(model.tokenizer, from_ids=opaque_ids) if spec.encoder.embed.vocab else model.tokenizer
    if ids is not None:
        return tokenizer.from_ids(ids)
    if spec.start is None or (target is not None and spec.speaks_language):
        raise UsageError(
            f"the decoder of {spec.family} models begins with the code of a language, which a text does not tell.",
            "Pass its input with --target-ids; attn tokens shows the ids of a text.",
        )
    start = tokenizer.from_ids([spec.start])
    if target is None:
        return start
    if spec.encoder.embed.vocab:
        raise UsageError(
            "the decoder has a vocabulary of its own, and attn reads the tokenizer of the source only.",
            "Pass --target-ids.",
        )
    said = tokenizer.encode(target, None, special_tokens, None)
    end = -1 if len(said) and said.spans[-1] is None else len(said)
    return Tokens(
        ids=start.ids + said.ids[:end],
        texts=start.texts + said.texts[:end],
        spans=start.spans + said.spans[:end],
        types=start.types + said.types[:end],
        word=said.word,
    )


def _of_each_stack(spec: Spec, layers: Sequence[int]) -> dict[str, set[int]]:
    """The layers of each stack, which may have fewer than the other: -1 is the last of each."""
    _in_range("layer", layers, spec.layers)
    counts = {stack.prefix: len(stack.layers) for stack in spec.stacks}
    return {prefix: {i % n for i in layers if -n <= i < n} for prefix, n in counts.items()}


def _in_range(what: str, chosen: Sequence[int], count: int) -> tuple[int, ...]:
    """Indices in order, negative ones counted from the end. Raises UsageError outside the range."""
    for i in chosen:
        if not -count <= i < count:
            raise UsageError(
                f"{what} {i} is out of range: there are {count}, 0 to {count - 1} (or -1 for the last)."
            )
    return tuple(sorted({i % count for i in chosen}))
