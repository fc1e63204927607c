"""The influence of each earlier token on the last output: the norm of ∂h_n/∂x_i."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from attncli.formula.jacobians import attention_jacobians, lstm_back, rnn_back
from attncli.formula.recurrent import lstm, rnn
from attncli.formula.types import Array
from attncli.insights.versus.models import Models, Progress, silent


@dataclass(frozen=True, eq=False)
class Influence:
    """One model's, by token: the natural logarithm of the Frobenius norm of ∂h_n/∂x_i, -inf where the norm is 0;
    and the number of steps between x_i and h_n."""

    model: str
    log_norms: Array  # [position], float64
    path: tuple[int, ...]  # [position]

    @property
    def norms(self) -> Array:
        """The norms themselves: 0 or inf where float64 cannot hold them. [position]"""
        with np.errstate(over="ignore"):
            return np.exp(self.log_norms)

    @property
    def per_step(self) -> float | None:
        """The factor by which the influence changes with each step of distance: the slope of the line that fits
        its logarithm best, over the tokens before the last one. None where there are fewer than two of them."""
        logs = self.log_norms[-2::-1]  # by distance, from 1 on
        if len(logs) < 2:
            return None
        nonzero = np.flatnonzero(np.isfinite(logs))
        if len(nonzero) < 2:
            return 0.0
        return float(np.exp(np.polyfit(nonzero, logs[nonzero], 1)[0]))


def influences(models: Models, x: Array, progress: Progress = silent) -> tuple[Influence, ...]:
    """Those of the RNN, the LSTM and attention. `x` [position, d_model]."""
    n = len(x)
    states, steps = rnn(models.rnn, x), lstm(models.lstm, x)
    of_rnn = _through_time(
        partial(rnn_back, models.rnn, states), n, np.eye(states.shape[1]),
        lambda fraction: progress(0.4 * fraction),
    )  # fmt: skip
    identity = np.eye(steps.hidden.shape[1])
    of_lstm = _through_time(
        partial(lstm_back, models.lstm, steps), n, np.stack([identity, 0 * identity]),
        lambda fraction: progress(0.4 + 0.4 * fraction),
    )  # fmt: skip
    of_attention = np.empty(n)
    for i, jacobian in zip(reversed(range(n)), attention_jacobians(models.attention, x), strict=True):
        of_attention[i] = _log_norm(jacobian)
        progress(1 - 0.2 * i / n)
    through_all = tuple(range(n, 0, -1))
    return (
        Influence("rnn", of_rnn, through_all),
        Influence("lstm", of_lstm, through_all),
        Influence("attention", of_attention, (1,) * n),
    )


def _through_time(
    back: Callable[[int, Array], tuple[Array, Array]], n: int, last: Array, progress: Progress
) -> Array:
    """The logarithms of the norms, computed from the last token to the first. The product of Jacobians is kept
    near 1, and its scale separately, since hundreds of factors would leave the range of float64. [position]"""
    logs, product, log_scale = np.full(n, -np.inf), last, 0.0
    for t in reversed(range(n)):
        to_input, product = back(t, product)
        logs[t] = log_scale + _log_norm(to_input)
        largest = np.abs(product).max()
        if largest == 0:  # earlier tokens have no influence
            break
        product = product / largest
        log_scale += float(np.log(largest))
        progress(1 - t / n)
    return logs


def _log_norm(matrix: Array) -> float:
    norm = float(np.linalg.norm(matrix))
    return float(np.log(norm)) if norm else -np.inf
