"""How far back the last token hears: the influence of each earlier token, the norm of ∂h_n/∂x_i."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from attncli.formula.jacobians import attention_jacobians, lstm_back, rnn_back
from attncli.formula.recurrent import lstm, rnn
from attncli.formula.types import Array
from attncli.insights.versus.models import Models

Told = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Influence:
    """Of one model, by token: the natural logarithm of the Frobenius norm of ∂h_n/∂x_i, -inf where it is 0; and
    how many steps lie between x_i and h_n."""

    model: str
    log_norms: Array  # [position], float64
    path: tuple[int, ...]  # [position]

    @property
    def norms(self) -> Array:
        """As they are: 0 or inf where they are out of the range of float64."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_norms)

    @property
    def per_step(self) -> float | None:
        """The factor by which the influence changes with each step farther away, by the straight line that fits
        its logarithm best; of the tokens before the last one. None where these are fewer than two."""
        logs = self.log_norms[-2::-1]  # by distance, from 1 on
        if len(logs) < 2:
            return None
        heard = np.flatnonzero(np.isfinite(logs))
        if len(heard) < 2:
            return 0.0
        return float(np.exp(np.polyfit(heard, logs[heard], 1)[0]))


def influences(models: Models, x: Array, told: Told = lambda fraction: None) -> tuple[Influence, ...]:
    """Of the RNN, the LSTM and attention. `x` [position, d_model]; `told` hears which fraction of the work is
    done."""
    n = len(x)
    states, steps = rnn(models.rnn, x), lstm(models.lstm, x)
    of_rnn = _through_time(
        partial(rnn_back, models.rnn, states), n, np.eye(states.shape[1]), lambda part: told(0.4 * part)
    )
    identity = np.eye(steps.hidden.shape[1])
    of_lstm = _through_time(
        partial(lstm_back, models.lstm, steps), n, np.stack([identity, 0 * identity]),
        lambda part: told(0.4 + 0.4 * part),
    )  # fmt: skip
    of_attention = np.empty(n)
    for i, jacobian in zip(reversed(range(n)), attention_jacobians(models.attention, x), strict=True):
        of_attention[i] = _log_norm(jacobian)
        told(1 - 0.2 * i / n)
    through_all = tuple(range(n, 0, -1))
    return (
        Influence("rnn", of_rnn, through_all),
        Influence("lstm", of_lstm, through_all),
        Influence("attention", of_attention, (1,) * n),
    )


def _through_time(back: Callable[[int, Array], tuple[Array, Array]], n: int, last: Array, told: Told) -> Array:
    """The logarithms of the norms, from the last token to the first. What is carried back is kept near 1 and its
    size beside it, since a product of hundreds of factors leaves the range of numbers."""
    logs, carried, size = np.full(n, -np.inf), last, 0.0
    for t in reversed(range(n)):
        to_input, carried = back(t, carried)
        logs[t] = size + _log_norm(to_input)
        largest = np.abs(carried).max()
        if largest == 0:  # nothing before this token is heard
            break
        carried = carried / largest
        size += float(np.log(largest))
        told(1 - t / n)
    return logs


def _log_norm(matrix: Array) -> float:
    norm = float(np.linalg.norm(matrix))
    return float(np.log(norm)) if norm else -np.inf
