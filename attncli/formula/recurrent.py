"""Recurrent layers, which read a text one token at a time.

RNN   h_t = tanh(x_t W_x + h_{t-1} W_h + b)                                           (Elman 1990)
LSTM  i, f, o = σ(x_t W_x + h_{t-1} W_h + b), g = tanh(the same), each with its own columns,
      c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ tanh(c_t)                (Hochreiter and Schmidhuber 1997, with
                                                          the forget gate f of Gers et al. 2000)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array

GATES = 4
"""The gates of an LSTM, side by side in its matrices: input i, forget f, candidate g, output o."""


@dataclass(frozen=True, eq=False)
class Recurrence:
    """The parameters of an RNN (columns = hidden) or an LSTM (columns = 4 hidden)."""

    w_x: Array  # [in, columns]
    w_h: Array  # [hidden, columns]
    bias: Array  # [columns]


@dataclass(frozen=True, eq=False)
class LstmStates:
    """The states of an LSTM at each token."""

    gates: Array  # [position, gate, hidden], in the order of GATES, after σ and tanh
    cells: Array  # [position, hidden]
    hidden: Array  # [position, hidden]


def rnn(cell: Recurrence, x: Array) -> Array:
    """The states h of an RNN that starts from zeros. `x` [position, in] -> [position, hidden], in its dtype."""
    states = x @ cell.w_x + cell.bias  # the inputs need no state: all tokens at once
    before = np.zeros(len(cell.w_h), x.dtype)
    for state in states:
        state += before @ cell.w_h
        np.tanh(state, out=state)
        before = state
    return states


def lstm(cell: Recurrence, x: Array) -> LstmStates:
    """The states of an LSTM that starts from zeros. `x` [position, in]."""
    size = len(cell.w_h)
    # σ(z) = (1 + tanh(z / 2)) / 2, so that one tanh does for all four gates
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), size)
    rest, w_h = 1 - half, cell.w_h * half
    gates = (x @ cell.w_x + cell.bias) * half  # [position, 4 hidden]
    by_gate = gates.reshape(len(x), GATES, size)
    cells, hidden = np.empty((2, len(x), size), x.dtype)
    before, h = np.zeros((2, size), x.dtype)
    for z, (i, f, g, o), c, h_t in zip(gates, by_gate, cells, hidden, strict=True):
        z += h @ w_h
        np.tanh(z, out=z)
        z *= half
        z += rest
        np.multiply(f, before, out=c)
        c += i * g
        np.tanh(c, out=h_t)
        h_t *= o
        before, h = c, h_t
    return LstmStates(by_gate, cells, hidden)
