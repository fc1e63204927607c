"""Warnings on stderr: broken numbers, and a text that the model cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from attncli.formula.types import Array
    from attncli.model.model import Model
    from attncli.text.tokens import Tokens


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


def warn_of_broken(model: Model, broken: dict[str, tuple[int, int]]) -> None:
    """Warns of the stage in which NaN or infinity first appeared, and of the weights that hold it."""
    if not broken:
        return
    from attncli.model.weights import CheckpointWeights, not_finite

    name, (count, size) = next(iter(broken.items()))
    others = f", and in {len(broken) - 1} stages after it" if len(broken) > 1 else ""
    click.echo(f"attn: warning: {count} of {size} numbers of {name} are NaN or infinite{others}.", err=True)
    if isinstance(model.weights, CheckpointWeights):
        for tensor, amount in not_finite(model.weights):
            click.echo(f"attn: warning: tensor {tensor} holds {amount} such numbers.", err=True)


def warn_of_bytes(model: Model, tokens: Tokens) -> None:
    """Warns where the story model, which was trained on English, reads most of a text as single bytes."""
    if model.source == "bundled" and 2 * sum(text.startswith("<0x") for text in tokens.texts) > len(tokens):
        click.echo(
            "attn: note: the story model was trained on English only and reads this text as bytes; "
            "--seed 0 reads it word by word, with random weights.",
            err=True,
        )
