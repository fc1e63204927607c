"""From what is asked of the comparison to its result."""

from __future__ import annotations

from collections.abc import Callable

from attncli.errors import UsageError
from attncli.insights.versus.comparison import Comparison, compare
from attncli.insights.versus.models import draw
from attncli.insights.versus.settings import Settings
from attncli.model.pipeline import prepare
from attncli.model.request import Input, ModelSource, Request
from attncli.text.tokens import Tokens

MOST_TOKENS = 1 << 14


def compared(
    asked: Settings, text: Input, progress: Callable[[float], None] = lambda fraction: None
) -> tuple[Comparison, Tokens]:
    """The experiments on a text's seeded word vectors [position, d_model], float64, and the text's tokens.

    Raises UsageError for a text that has too many tokens.
    """
    source = ModelSource(
        seed=asked.seed, d_model=asked.d_model, layers=1, heads=1, positions="none",
        tokenizer=asked.tokenizer, dtype="float64",
    )  # fmt: skip
    prepared = prepare(Request(text, source))
    tokens = prepared.tokens
    if len(tokens) > MOST_TOKENS:
        raise UsageError(
            f"{len(tokens)} tokens are more than the {MOST_TOKENS} that can be compared.", "Shorten the text."
        )
    x = prepared.model.weights.rows("embed.tokens.weight", tokens.ids)
    models = draw(asked.d_model, asked.seed, asked.gain, asked.forget_bias)
    return compare(models, x, tokens.ids, asked.seed, asked.experiments, asked.lengths, told=progress), tokens
