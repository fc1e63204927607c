"""What the order of the words does: each word's vector in the sentence and in the same words shuffled."""

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
from attncli.insights.versus.models import Models

SAME = 1e-6
"""Up to which difference vectors count as the same."""


@dataclass(frozen=True, eq=False)
class Difference:
    """How far the vectors of a model are from those of the same words in the shuffled sentence."""

    model: str
    positions: bool  # sinusoidal positions are added to the words
    mask: bool  # a token sees none after it
    by_token: Array  # the largest difference of the vector of each token of the sentence, [position], float64
    relative: float  # ‖difference‖ / ‖vectors‖, of all of them

    @property
    def largest(self) -> float:
        return float(self.by_token.max())

    @property
    def same(self) -> bool:
        return self.largest <= SAME


def shuffle(ids: Sequence[int], seed: int) -> Index:
    """An order in which the tokens read differently, drawn from the seed: the shuffled sentence is ids[order].
    Where all tokens are equal there is none: the order is then their own."""
    told, order = np.asarray(ids), np.arange(len(ids))
    if len(set(ids)) < 2:
        return order
    source = generator(seed, "versus.order")
    while (told[order] == told).all():
        order = source.permutation(len(ids))
    return order


def differences(
    models: Models, x: Array, order: Index, told: Callable[[float], None] = lambda fraction: None
) -> tuple[Difference, ...]:
    """Of attention without positions and mask, with positions, with the mask, and of the RNN and the LSTM.
    `x` [position, d_model], without positions; `order` [position] as `shuffle` gives it."""
    table = sinusoidal(np.arange(len(x)), x.shape[-1])  # [position, d_model]
    p = models.attention
    layers: Mapping[tuple[str, bool, bool], Callable[[Array], Array]] = {
        ("attention", False, False): lambda x: self_attention(p, x),
        ("attention", True, False): lambda x: self_attention(p, x + table),
        ("attention", False, True): lambda x: self_attention(p, x, causal),
        ("rnn", False, True): lambda x: rnn(models.rnn, x),
        ("lstm", False, True): lambda x: lstm(models.lstm, x).hidden,
    }
    found = []
    for number, ((model, positions, mask), layer) in enumerate(layers.items()):
        straight = layer(x)
        apart = np.empty_like(straight)
        apart[order] = layer(x[order])
        apart -= straight  # [position, out]: each word beside itself
        relative = float(np.linalg.norm(apart) / np.linalg.norm(straight))
        found.append(Difference(model, positions, mask, np.abs(apart).max(axis=1), relative))
        told((number + 1) / len(layers))
    return tuple(found)
