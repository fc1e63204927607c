"""The input of a model: the tokens of a text and of a target, and checks that they suit the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from attncli.architecture.spec import Spec
from attncli.errors import UsageError
from attncli.language import N_
from attncli.model.request import whole_numbers
from attncli.text.tokenization import opaque_ids
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    from attncli.model.model import Model


def tokenize(
    model: Model,
    text: str | None,
    pair: str | None = None,
    ids: Sequence[int] | None = None,
    special_tokens: bool = True,
    truncate: bool = False,
) -> Tokens:
    """The tokens of a text, with a second one (`pair`) where the model takes two, or of ids as they are.

    `special_tokens`: whether the tokenizer adds [CLS], <s> and the like. `truncate`: keep only as many tokens as
    the model has positions.

    Raises UsageError for neither text nor ids, for both, and for a text without tokens; AttnError where the
    checkpoint has no tokenizer.
    """
    if (text is None) == (ids is None):
        raise UsageError(N_("give either a text or token ids."))
    _check_text(N_("the text"), text)
    _check_text("pair", pair)
    assert model.tokenizer is not None
    limit = model.spec.stacks[0].embed.max_positions if truncate else None
    if ids is not None:
        if pair is not None:
            raise UsageError(N_("--pair goes with a text, not with --ids."))
        return model.tokenizer.from_ids(whole_numbers("ids", ids)[:limit])
    assert text is not None
    if not text:
        raise UsageError(N_("the sentence is empty."), N_('Give some text: attn explain "The cat sat on the mat"'))
    if pair is not None and not model.spec.pairs:
        raise UsageError(
            N_(
                "--pair needs a model with segments, such as BERT; {family} models take one text.",
                family=model.spec.family,
            )
        )
    tokens = model.tokenizer.encode(text, pair, special_tokens, limit)
    if not len(tokens):
        if text.strip():
            raise UsageError(
                N_("the vocabulary of the tokenizer has none of the characters of the sentence."),
                N_("Give a text in the language of the model, or another --tokenizer."),
            )
        raise UsageError(N_("the sentence has no tokens: it is nothing but white space."))
    # Some tokenizers number two segments although their model has only one
    return tokens if model.spec.types > 1 else replace(tokens, types=(0,) * len(tokens))


def tokenize_target(
    model: Model, target: str | None = None, ids: Sequence[int] | None = None, special_tokens: bool = True
) -> Tokens | None:
    """What the decoder of an encoder-decoder reads: its start token, then the target's tokens without the closing
    one, as in training, where each position predicts the next token. `ids`: its input as token ids, start token
    included. None for a model without an encoder.

    Raises UsageError for a target that the model cannot take.
    """
    spec = model.spec
    if spec.encoder is None:
        if target is not None or ids is not None:
            flag = "--target" if ids is None else "--target-ids"
            raise UsageError(
                N_(
                    "{flag} is for an encoder with a decoder; {family} models have no encoder.",
                    flag=flag,
                    family=spec.family,
                )
            )
        return None
    if target is not None and ids is not None:
        raise UsageError(N_("--target and --target-ids are both given."), N_("Give one of the two."))
    _check_text("target", target)
    assert model.tokenizer is not None
    tokenizer = replace(model.tokenizer, from_ids=opaque_ids) if spec.encoder.embed.vocab else model.tokenizer
    if ids is not None:
        return tokenizer.from_ids(whole_numbers("target_ids", ids))
    if spec.start is None or (target is not None and spec.speaks_language):
        raise UsageError(
            N_(
                "the decoder of {family} models starts with the code of a language, which a text does not name.",
                family=spec.family,
            ),
            N_("Pass its input with --target-ids; attn tokens shows the ids of a text."),
        )
    start = tokenizer.from_ids([spec.start])
    if target is None:
        return start
    if spec.encoder.embed.vocab:
        raise UsageError(
            N_("the decoder has its own vocabulary, and attn reads only the tokenizer of the source."),
            N_("Pass --target-ids."),
        )
    tokens = tokenizer.encode(target, None, special_tokens, None)
    end = -1 if len(tokens) and tokens.spans[-1] is None else len(tokens)
    return Tokens(
        ids=start.ids + tokens.ids[:end],
        texts=start.texts + tokens.texts[:end],
        spans=start.spans + tokens.spans[:end],
        types=start.types + tokens.types[:end],
        word=tokens.word,
    )


def _check_text(what: str, text: str | None) -> None:
    if text is not None and not isinstance(text, str):
        raise UsageError(
            N_("{what} must be a str, not {name}.", what=what, name=type(text).__name__),
            N_("Token ids go to ids=[464, 3797]."),
        )


_UNKNOWN_ID = {
    "": N_("token {index} has id {i}, but the model's vocabulary has ids 0 to {last}."),
    "encoder": N_("token {index} has id {i}, but the encoder's vocabulary has ids 0 to {last}."),
    "target": N_("target token {index} has id {i}, but the decoder's vocabulary has ids 0 to {last}."),
}
_TOO_LONG = {
    "": N_("{count} tokens are more than the model's {limit} positions."),
    "encoder": N_("{count} tokens are more than the encoder's {limit} positions."),
    "target": N_("{count} target tokens are more than the decoder's {limit} positions."),
}
"""By the stack that reads the tokens."""


def check_tokens(spec: Spec, tokens: Tokens, target: Tokens | None = None) -> None:
    """Raises UsageError where the tokens do not suit the model."""
    sides = (tokens,) if target is None else (tokens, target)
    if not len(tokens):
        raise UsageError(N_("there are no tokens: the sentence is empty."), N_("Give some text."))
    if not len(sides[-1]):
        raise UsageError(
            N_("there are no tokens for the decoder."), N_("Give at least the one that it starts with.")
        )
    for stack, side in zip(spec.stacks, sides, strict=True):
        vocab = spec.vocab_of(stack)
        for index, i in enumerate(side.ids):
            if not 0 <= i < vocab:
                of_side = _UNKNOWN_ID["target" if side is target else stack.name]
                raise UsageError(N_(of_side.text, index=index, i=i, last=vocab - 1))
        limit = stack.embed.max_positions
        if limit is not None and len(side) > limit:
            raise UsageError(
                N_(_TOO_LONG["target" if side is target else stack.name].text, count=len(side), limit=limit),
                N_("Shorten the target.")
                if side is target
                else N_("Shorten the text, or pass --truncate to keep the first {limit}.", limit=limit),
            )
