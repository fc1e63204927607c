"""The three layers that are compared: an RNN, an LSTM and self-attention, on the same vectors of width d and with
about the same number of parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from attncli.checkpoints.seeded import normal
from attncli.formula.recurrent import GATES, Recurrence
from attncli.formula.self_attention import Projections
from attncli.formula.types import Array

NAMES = ("rnn", "lstm", "attention")


@dataclass(frozen=True, eq=False)
class Models:
    """One layer of each kind. Matrices have variance 1 / inputs and biases are 0, except as `draw` says."""

    rnn: Recurrence
    lstm: Recurrence
    attention: Projections

    @property
    def d_model(self) -> int:
        return len(self.attention.w_q)

    @property
    def hidden(self) -> Mapping[str, int]:
        """How many numbers come out for each token."""
        return {"rnn": len(self.rnn.w_h), "lstm": len(self.lstm.w_h), "attention": self.d_model}

    @property
    def parameters(self) -> Mapping[str, int]:
        return {name: sum(array.size for array in _arrays(getattr(self, name))) for name in NAMES}

    def astype(self, dtype: type[np.floating]) -> Models:
        return Models(
            Recurrence(*(a.astype(dtype) for a in _arrays(self.rnn))),
            Recurrence(*(a.astype(dtype) for a in _arrays(self.lstm))),
            Projections(*(a.astype(dtype) for a in _arrays(self.attention))),
        )


def draw(d: int, seed: int, gain: float = 1.0, forget_bias: float = 1.0) -> Models:
    """Seeded layers, float64. `gain` is the spectral radius of the matrix from state to state, in the LSTM of that
    of each gate; `forget_bias` opens the forget gates, as is usual where an LSTM is trained (Gers et al. 2000;
    Jozefowicz et al. 2015, §2)."""
    lstm = _recurrence(seed, "lstm", d, GATES, gain)
    lstm.bias[len(lstm.w_h) : 2 * len(lstm.w_h)] = forget_bias
    square = [normal(seed, f"versus.attention.w_{name}", (d, d)) / math.sqrt(d) for name in "qkvo"]
    return Models(_recurrence(seed, "rnn", d, 1, gain), lstm, Projections(*square))


def hidden_size(d: int, gates: int) -> int:
    """The size of state with which gates · hidden · (d + hidden + 1) parameters are nearest to the 4 d² of
    attention: the positive root of hidden² + (d + 1) hidden - 4 d² / gates."""
    return max(1, round((math.sqrt((d + 1) ** 2 + 16 * d * d / gates) - (d + 1)) / 2))


def _recurrence(seed: int, name: str, d: int, gates: int, gain: float) -> Recurrence:
    size = hidden_size(d, gates)
    w_x = normal(seed, f"versus.{name}.w_x", (d, gates * size)) / math.sqrt(d)
    w_h = normal(seed, f"versus.{name}.w_h", (gates, size, size))
    radius = np.abs(np.linalg.eigvals(w_h)).max(axis=-1)  # [gate]
    w_h *= gain / radius[:, None, None]
    return Recurrence(w_x, np.concatenate(w_h, axis=1), np.zeros(gates * size))


def _arrays(part: Recurrence | Projections) -> list[Array]:
    return [getattr(part, field.name) for field in fields(part)]
