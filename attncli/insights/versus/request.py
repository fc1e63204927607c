"""From the settings and a text to a comparison."""

from __future__ import annotations

from dataclasses import replace

from attncli.errors import UsageError
from attncli.insights.versus.comparison import Comparison, compare
from attncli.insights.versus.models import Progress, seeded_models, silent
from attncli.insights.versus.settings import Settings
from attncli.language import N_
from attncli.model.pipeline import prepare
from attncli.model.request import Input, ModelSource, Request
from attncli.text.tokens import Tokens

MOST_TOKENS = 1 << 14


def compared(settings: Settings, text: Input, progress: Progress = silent) -> tuple[Comparison, Tokens]:
    """The comparison on the seeded word vectors of a text, and its tokens. Raises UsageError for a text with too
    many tokens."""
    source = ModelSource(
        seed=settings.seed, d_model=settings.d_model, layers=1, heads=1, positions="none",
        tokenizer=settings.tokenizer, dtype="float64",
    )  # fmt: skip
    prepared = prepare(Request(text, source))
    tokens = prepared.tokens
    if len(tokens) > MOST_TOKENS:
        raise UsageError(
            N_(
                "The text has {tokens_count} tokens; at most {most_tokens} can be compared.",
                tokens_count=len(tokens),
                most_tokens=MOST_TOKENS,
            ),
            N_("Shorten the text."),
        )
    x = prepared.model.weights.rows("embed.tokens.weight", tokens.ids)  # [position, d_model], float64
    models = seeded_models(settings.d_model, settings.seed, settings.gain, settings.forget_bias)
    comparison = compare(
        models, x, tokens.ids, settings.seed, settings.experiments, settings.lengths, progress=progress
    )
    return replace(comparison, tokens=tokens, settings=settings), tokens
