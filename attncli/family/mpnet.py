"""MPNet (Song et al. 2020): RoBERTa without segments, and with a bias on the scores for the distance between two
tokens.

Each head adds its own number for the bucket of the distance; all layers share the table.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncli.architecture.spec import Bias, ScoreSite, Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linears, norm
from attncli.errors import AttnError
from attncli.formula.positions import relative_buckets
from attncli.formula.types import Array
from attncli.language import N_

PREFIXES = ("mpnet.",)
BUCKETS, FARTHEST = 32, 128
"""Fixed, whatever relative_attention_num_buckets says (modeling_mpnet.py, MPNetEncoder.compute_position_bias)."""
PADDING = 1
"""Fixed, whatever pad_token_id says (modeling_mpnet.py, MPNetEmbeddings)."""


def tensors(config: Config) -> dict[str, Tensor]:
    layer = "encoder.layer.{L}"
    return {
        **encoder.tensors(),
        **linears("layers.{L}.attn", f"{layer}.attention.attn", {"q": "q", "k": "k", "v": "v", "output": "o"}),
        **norm("layers.{L}.attn.norm", f"{layer}.attention.LayerNorm"),
        "distances.weight": Tensor("encoder.relative_attention_bias.weight"),
        **encoder.LM_HEAD.tensors(),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("is_decoder", False)
    body = encoder.body(config, vocab_size=30527)
    rows = config.size("relative_attention_num_buckets", BUCKETS)
    if rows < BUCKETS:
        raise AttnError(
            N_(
                "{file}: relative_attention_num_buckets is {rows}; MPNet needs at least {buckets}.",
                file=config.file,
                rows=rows,
                buckets=BUCKETS,
            )
        )
    return encoder.encoder(
        "mpnet",
        body,
        encoder.embed(config, body, types=0, **encoder.after_padding(config, PADDING)),
        encoder.attention(body, bias=by_distance(rows, body.heads)),
        encoder.LM_HEAD.head(config, has, body, activation="gelu"),  # whatever hidden_act says
    )


def by_distance(rows: int, heads: int) -> Bias:
    """A number for each head and bucket of the distance, from a table [bucket, head] with `rows` rows."""

    def add(s: ScoreSite, scaled: Array, q: Array, k: Array) -> Array:
        table = s.stack.parameter("distances.weight")[:, list(s.heads)]  # [bucket, head]
        distances = np.arange(k.shape[-2]) - s.rows[:, None]  # [query, key]
        bias = table[relative_buckets(distances, BUCKETS, FARTHEST, True)]  # [query, key, head]
        return scaled + bias.transpose(2, 0, 1)

    text, meaning = "B = S' + b[bucket(key - query)]", N_("each head adds its own number for the distance")
    return Bias(
        text, meaning, add,
        parameters={"distances.weight": (rows, heads)},
        detail=N_("each near distance has its own bucket, those from {farthest} on share one; {count} buckets",
                  farthest=FARTHEST, count=BUCKETS),
    )  # fmt: skip
