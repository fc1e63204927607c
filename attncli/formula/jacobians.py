"""How the last output of a layer depends on each of its inputs: ∂h_n/∂x_i, exact, in closed form.

Through time, the Jacobian of a recurrent layer is a product of one factor a step (Bengio et al. 1994, §II; Pascanu
et al. 2013, §2). The functions below go one step back: they take ∂h_n/∂(the state at t) and are linear in it, so
it can be rescaled before the product leaves the range of float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attncli.formula.recurrent import LstmStates, Recurrence
from attncli.formula.self_attention import Projections
from attncli.formula.softmax import softmax
from attncli.formula.types import Array


def rnn_back(cell: Recurrence, states: Array, t: int, to_state: Array) -> tuple[Array, Array]:
    """From ∂h_n/∂h_t [out, hidden] to ∂h_n/∂x_t [out, in] and ∂h_n/∂h_{t-1} [out, hidden].

    `states` [position, hidden] are what `rnn` gave.
    """
    inner = to_state * (1 - states[t] ** 2)  # tanh' = 1 - tanh²
    return inner @ cell.w_x.T, inner @ cell.w_h.T


def lstm_back(cell: Recurrence, states: LstmStates, t: int, to_state: Array) -> tuple[Array, Array]:
    """From ∂h_n/∂(h_t, c_t) [2, out, hidden] to ∂h_n/∂x_t [out, in] and ∂h_n/∂(h_{t-1}, c_{t-1}).

    `states` are what `lstm` gave. At the last token ∂h_n/∂h_n is the identity and ∂h_n/∂c_n, beside the way
    through h_n, is 0.
    """
    i, f, g, o = states.gates[t]
    before = states.cells[t - 1] if t else np.zeros_like(f)
    tanh_c = np.tanh(states.cells[t])
    to_h, to_c = to_state
    to_c = to_c + to_h * o * (1 - tanh_c**2)
    inner = np.concatenate(
        [
            to_c * g * i * (1 - i),  # σ' = σ (1 - σ)
            to_c * before * f * (1 - f),
            to_c * i * (1 - g**2),
            to_h * tanh_c * o * (1 - o),
        ],
        axis=1,
    )  # [out, 4 hidden]
    return inner @ cell.w_x.T, np.stack([inner @ cell.w_h.T, to_c * f])


def attention_jacobians(p: Projections, x: Array) -> Iterator[Array]:
    """∂y_n/∂x_i [out, in] of the last output y_n of self-attention, for i = n, n - 1, … 1.

    With u_j = x_j W_V W_O, a = softmax(s) and s_j = q_n · k_j / √d, y_n = Σ_j a_j u_j and ∂y_n/∂s_j = a_j (u_j -
    y_n). So x_i acts through its value and its key, and x_n through its query as well. The last query sees every
    key, with or without a causal mask.
    """
    scale = x.shape[-1] ** -0.5
    q = x[-1] @ p.w_q  # [d]
    k = x @ p.w_k  # [key, d]
    w_u = p.w_v @ p.w_o  # [in, out]
    u = x @ w_u  # [key, out]
    a = softmax(k @ q * scale)  # [key]
    to_score = a[:, None] * (u - a @ u)  # ∂y_n/∂s_j, [key, out]
    key_way = p.w_k @ q * scale  # ∂s_i/∂x_i by the key, [in]
    query_way = to_score.T @ (k @ p.w_q.T) * scale  # Σ_j ∂y_n/∂s_j ∂s_j/∂x_n by the query, [out, in]
    for i in reversed(range(len(x))):
        jacobian = a[i] * w_u.T + np.outer(to_score[i], key_way)
        yield jacobian + query_way if i == len(x) - 1 else jacobian
