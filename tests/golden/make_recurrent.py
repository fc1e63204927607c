"""Makes recurrent.npz: random RNN and LSTM layers of torch and one of self-attention, what they give for a short
text, and their Jacobians by torch's automatic differentiation. Run from the repository's root, with torch
installed:

python -m tests.golden.make_recurrent
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
TOKENS, WIDTH, HIDDEN = 6, 5, 4


def recurrent(kind: type[torch.nn.RNN] | type[torch.nn.LSTM], x: torch.Tensor) -> dict[str, torch.Tensor]:
    layer = kind(WIDTH, HIDDEN, dtype=torch.float64)

    def last(x: torch.Tensor) -> torch.Tensor:
        return layer(x)[0][-1]

    states, final = layer(x)
    given = dict(layer.named_parameters()) | {"states": states}
    if kind is torch.nn.LSTM:
        given["last_cell"] = final[1][0]
    return given | {"jacobian": torch.autograd.functional.jacobian(last, x).movedim(1, 0)}


def attention(x: torch.Tensor) -> dict[str, torch.Tensor]:
    matrices = {f"w_{name}": torch.randn(WIDTH, WIDTH, dtype=torch.float64) / WIDTH**0.5 for name in "qkvo"}

    def layer(x: torch.Tensor, causal: bool) -> torch.Tensor:
        q, k, v = (x @ matrices[f"w_{name}"] for name in "qkv")
        mixed = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=causal)
        return mixed[0] @ matrices["w_o"]

    def last(x: torch.Tensor) -> torch.Tensor:
        return layer(x, True)[-1]

    jacobian = torch.autograd.functional.jacobian(last, x).movedim(1, 0)
    return matrices | {"causal": layer(x, True), "every_key": layer(x, False), "jacobian": jacobian}


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(TOKENS, WIDTH, dtype=torch.float64)
    layers = {"rnn": recurrent(torch.nn.RNN, x), "lstm": recurrent(torch.nn.LSTM, x), "attention": attention(x)}
    arrays = {f"{kind}.{name}": t.detach().numpy() for kind, made in layers.items() for name, t in made.items()}
    np.savez(HERE / "recurrent.npz", x=x.numpy(), **arrays)
