"""Notes and warnings on stderr: broken numbers, and a text that the model cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from attncli.language import N_, Message, Say, language

if TYPE_CHECKING:
    from attncli.formula.types import Array
    from attncli.model.pipeline import Prepared


def warn(say: Say, message: Message) -> None:
    """Says on stderr that something is wrong with the numbers."""
    click.echo(say("attn: warning: {message}", message=message), err=True)


def note(say: Say, message: Message) -> None:
    """Says on stderr what a reader may want to know, though nothing is wrong."""
    click.echo(say("attn: note: {message}", message=message), err=True)


def count_broken(name: str, values: Array, broken: dict[str, tuple[int, int]]) -> None:
    """Counts the numbers of a stage, or of some of its heads and rows, that are NaN or infinite without being
    masked. `broken`: for each stage the count, and how many numbers it was counted among."""
    import numpy as np

    from attncli.stages.names import MASKED, MASKED_WITH_SINK, within_attention

    if np.isfinite(values).all():
        return
    bad = ~np.isfinite(values)
    if within_attention(name) in (MASKED, MASKED_WITH_SINK):
        bad &= ~np.isneginf(values)
    if count := int(bad.sum()):
        before, size = broken.get(name, (0, 0))
        broken[name] = (before + count, size + values.size)


def warn_of_broken(prepared: Prepared, broken: dict[str, tuple[int, int]]) -> None:
    """Warns of the stage in which NaN or infinity first appeared, and of the weights that hold it."""
    if not broken:
        return
    from attncli.model.weights import CheckpointWeights, not_finite

    say, weights = language(prepared.request.output.language), prepared.model.weights
    name, (count, size) = next(iter(broken.items()))
    numbers = {"name": name, "count": count, "size": size}
    warn(
        say,
        N_("{count} of {size} numbers of {name} are NaN or infinite.", **numbers)
        if len(broken) == 1
        else N_(
            "{count} of {size} numbers of {name} are NaN or infinite, and in {others} stages after it.",
            others=len(broken) - 1,
            **numbers,
        ),
    )
    if isinstance(weights, CheckpointWeights):
        for tensor, amount in not_finite(weights):
            warn(say, N_("tensor {tensor} holds {count} such numbers.", tensor=tensor, count=amount))


def note_bytes(prepared: Prepared) -> None:
    """Notes where the story model, which was trained on English, reads most of a text as single bytes."""
    tokens = prepared.tokens
    if prepared.model.source == "bundled" and 2 * sum(t.startswith("<0x") for t in tokens.texts) > len(tokens):
        note(
            language(prepared.request.output.language),
            N_(
                "the story model was trained on English only and reads this text as bytes; --seed 0 reads it word "
                "by word, with random weights."
            ),
        )
