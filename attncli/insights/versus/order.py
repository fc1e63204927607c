"""What the order of the tokens changes: the output vector of each token in the sentence and in the sentence
shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.checkpoints.seeded import generator
from attncli.formula.masks import causal
from attncli.formula.positions import sinusoidal
from attncli.formula.recurrent import lstm, rnn
from attncli.formula.self_attention import self_attention
from attncli.formula.types import Array, Index
from attncli.insights.versus.models import Models, Progress, silent

SAME = 1e-6
"""The largest difference at which vectors count as the same."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How far a model's output vectors are from those of the same tokens in the shuffled sentence."""

    model: str
    positions: bool  # sinusoidal positions are added to the word vectors
    mask: bool  # later tokens are hidden
    by_token: Array  # the largest difference of a number, for each token of the sentence, [position], float64
    relative: float  # ‖difference‖ / ‖vectors‖, over all tokens

    @property
    def largest(self) -> float:
        """The largest difference of a number."""
        return float(self.by_token.max())

    @property
    def same(self) -> bool:
        """Whether the order makes no difference."""
        return self.largest <= SAME


def shuffle(ids: Sequence[int], seed: int) -> Index:
    """A seeded order in which the tokens read differently: the shuffled sentence is ids[order]. Where all tokens
    are equal there is none, and the order is unchanged."""
    tokens, order = np.asarray(ids), np.arange(len(ids))
    if len(set(ids)) < 2:
        return order
    source = generator(seed, "versus.order")
    while (tokens[order] == tokens).all():
        order = source.permutation(len(ids))
    return order


def differences(models: Models, x: Array, order: Index, progress: Progress = silent) -> tuple[Difference, ...]:
    """Those of attention without positions and mask, with positions, and with the mask, of the RNN and of the
    LSTM. `x` [position, d_model] is without positions; `order` [position] is as `shuffle` gives it."""
    positions = sinusoidal(np.arange(len(x)), x.shape[-1])  # [position, d_model]
    projections = models.attention
    layers: Mapping[tuple[str, bool, bool], Callable[[Array], Array]] = {
        ("attention", False, False): lambda x: self_attention(projections, x),
        ("attention", True, False): lambda x: self_attention(projections, x + positions),
        ("attention", False, True): lambda x: self_attention(projections, x, causal),
        ("rnn", False, True): lambda x: rnn(models.rnn, x),
        ("lstm", False, True): lambda x: lstm(models.lstm, x).hidden,
    }
    differences = []
    for number, ((model, has_positions, has_mask), layer) in enumerate(layers.items()):
        vectors = layer(x)
        difference = np.empty_like(vectors)
        difference[order] = layer(x[order])
        difference -= vectors  # [position, out]: the same token in both orders
        relative = float(np.linalg.norm(difference) / np.linalg.norm(vectors))
        differences.append(Difference(model, has_positions, has_mask, np.abs(difference).max(axis=1), relative))
        progress((number + 1) / len(layers))
    return tuple(differences)
