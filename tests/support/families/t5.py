"""T5."""

from __future__ import annotations

import random
from typing import Any

from tests.golden.tokenizers import write_closed_words
from tests.support.families import Case, Config, Family, Tensors, older

T5 = {"d_model": 12, "d_kv": 5, "d_ff": 20, "num_layers": 2, "num_decoder_layers": 3, "num_heads": 3,
      "vocab_size": 41, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 9,
      "decoder_start_token_id": 0}  # fmt: skip


def of_1_1(config: Config) -> Config:
    """As T5 1.1 on the hub: without the fields that follow from others, and with an untied head."""
    config = older(config)
    for name in ("dense_act_fn", "is_gated_act", "scale_decoder_outputs"):
        config.pop(name)
    return config | {"tie_word_embeddings": False, "n_positions": 4, "output_past": True, "dropout_rate": 0.1}


def with_its_own_head(tensors: Tensors) -> Tensors:
    return tensors | {"lm_head.weight": tensors["shared.weight"].flip(0) * 0.3}


def under_another_name(tensors: Tensors) -> Tensors:
    tensors["decoder.embed_tokens.weight"] = tensors.pop("shared.weight")
    return tensors


CASES = {
    "t5-tied": Case(T5, config=older),
    "t5-gated": Case(T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
                     tensors=with_its_own_head, config=of_1_1),
    "t5-silu": Case(T5 | {"feed_forward_proj": "gated-silu", "layer_norm_epsilon": 1e-2}, dtype="bfloat16",
                    tensors=under_another_name),
    "t5-text": Case(T5, tokenizer=write_closed_words,
                    input={"text": "the cat sat on the mat", "target": "the mat sat"}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 4)
    return {
        "num_heads": heads,
        "d_kv": draw.randint(2, 6),
        "d_model": draw.randint(4, 20),
        "d_ff": draw.randint(3, 40),
        "num_layers": draw.randint(1, 3),
        "num_decoder_layers": draw.choice([None, 1, 2]),
        "relative_attention_num_buckets": draw.choice([8, 12, 32]),
        "relative_attention_max_distance": draw.choice([9, 20, 128]),
        "feed_forward_proj": draw.choice(["relu", "gated-gelu", "gelu", "gated-silu"]),
        "layer_norm_epsilon": draw.choice([1e-6, 1e-2]),
        "decoder_start_token_id": 0,
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    side = prefix.partition(".")[0]
    block = getattr(body, side).block[layer].layer
    attentions = {"attn": block[0].SelfAttention} | ({"cross": block[1].EncDecAttention} if len(block) > 2 else {})
    dense = block[-1].DenseReluDense
    found = {prefix + "mlp.input": block[-1].layer_norm, prefix + "mlp.output": dense}
    found |= {prefix + "mlp.gate": dense.wi_0, prefix + "mlp.hidden": dense.wi_1} if hasattr(dense, "wi_0") else {}
    for number, (name, attention) in enumerate(attentions.items()):
        found |= {
            f"{prefix}{name}.input": block[number].layer_norm, f"{prefix}{name}.output": attention,
            f"{prefix}{name}.q": attention.q, f"{prefix}{name}.k": attention.k, f"{prefix}{name}.v": attention.v,
            f"{prefix}resid.{'mid' if name == 'attn' else 'cross'}": block[number],
        }  # fmt: skip
    return found


FAMILY = Family(
    "t5", "T5ForConditionalGeneration", "T5Model", CASES, draw_fields, modules, target=True, spread=1.3
)
