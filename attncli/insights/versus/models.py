"""The three layers that are compared: an RNN, an LSTM and self-attention, which read the same vectors of width d
and have about the same number of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from attncli.checkpoints.seeded import normal
from attncli.formula.recurrent import GATES, Recurrence
from attncli.formula.self_attention import Projections
from attncli.formula.types import Array

NAMES = ("rnn", "lstm", "attention")

Progress = Callable[[float], None]
"""Is called with the fraction of the work that is done, from 0 to 1."""


def silent(fraction: float) -> None:
    """Ignores progress."""


@dataclass(frozen=True, eq=False)
class Models:
    """One layer of each kind."""

    rnn: Recurrence
    lstm: Recurrence
    attention: Projections

    @property
    def d_model(self) -> int:
        """The width of the word vectors."""
        return len(self.attention.w_q)

    @property
    def hidden(self) -> Mapping[str, int]:
        """The output size of each model: numbers per token."""
        return {"rnn": len(self.rnn.w_h), "lstm": len(self.lstm.w_h), "attention": self.d_model}

    @property
    def parameters(self) -> Mapping[str, int]:
        """The number of parameters of each model."""
        return {name: sum(array.size for array in _arrays(getattr(self, name))) for name in NAMES}

    def astype(self, dtype: type[np.floating]) -> Models:
        """The same layers in another dtype."""
        return Models(
            Recurrence(*(array.astype(dtype) for array in _arrays(self.rnn))),
            Recurrence(*(array.astype(dtype) for array in _arrays(self.lstm))),
            Projections(*(array.astype(dtype) for array in _arrays(self.attention))),
        )


def seeded_models(d: int, seed: int, gain: float = 1.0, forget_bias: float = 1.0) -> Models:
    """Layers with random weights, float64. Matrices have variance 1 / (number of inputs); biases are 0.

    `gain` is the spectral radius of the matrix from state to state, in the LSTM that of each gate. `forget_bias`
    is the bias of the LSTM's forget gates, which is usually positive where an LSTM is trained (Gers et al. 2000;
    Jozefowicz et al. 2015, §2)."""
    lstm = _recurrence(seed, "lstm", d, GATES, gain)
    lstm.bias[len(lstm.w_h) : 2 * len(lstm.w_h)] = forget_bias
    projections = [normal(seed, f"versus.attention.w_{name}", (d, d)) / math.sqrt(d) for name in "qkvo"]
    return Models(_recurrence(seed, "rnn", d, 1, gain), lstm, Projections(*projections))


def hidden_size(d: int, gates: int) -> int:
    """The state size for which gates · hidden · (d + hidden + 1) parameters are nearest to the 4 d² of attention:
    the positive root of hidden² + (d + 1) hidden - 4 d² / gates."""
    return max(1, round((math.sqrt((d + 1) ** 2 + 16 * d * d / gates) - (d + 1)) / 2))


def _recurrence(seed: int, name: str, d: int, gates: int, gain: float) -> Recurrence:
    size = hidden_size(d, gates)
    w_x = normal(seed, f"versus.{name}.w_x", (d, gates * size)) / math.sqrt(d)
    w_h = normal(seed, f"versus.{name}.w_h", (gates, size, size))
    radius = np.abs(np.linalg.eigvals(w_h)).max(axis=-1)  # [gate]
    w_h *= gain / radius[:, None, None]
    return Recurrence(w_x, np.concatenate(w_h, axis=1), np.zeros(gates * size))


def _arrays(layer: Recurrence | Projections) -> list[Array]:
    return [getattr(layer, field.name) for field in fields(layer)]
