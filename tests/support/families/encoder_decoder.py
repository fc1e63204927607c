"""What BART and the encoder-decoders after it share."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Config, Tensors, older

BART = {"d_model": 12, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 3,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 17, "decoder_ffn_dim": 22, "vocab_size": 43,
        "max_position_embeddings": 14, "pad_token_id": 7, "decoder_start_token_id": 2}  # fmt: skip


def as_on_the_hub(config: Config) -> Config:
    """config.json as on the hub: with fields of the class that once served all these families."""
    return older(config) | {
        "add_bias_logits": False, "add_final_layer_norm": False, "normalize_before": True, "num_hidden_layers": 2,
        "normalize_embedding": False, "static_position_embeddings": True, "extra_pos_embeddings": 1,
        "classif_dropout": 0.0, "num_beams": 4, "forced_eos_token_id": 2, "output_past": True,
    }  # fmt: skip


def each_with_its_own(tensors: Tensors) -> Tensors:
    """As torch once saved them: the token vectors under all of their names."""
    same = tensors["model.shared.weight"]
    names = ("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight")
    return tensors | {name: same.clone() for name in names}


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 3), draw.randint(1, 3)
    return {
        "encoder_attention_heads": heads[0],
        "decoder_attention_heads": heads[1],
        "d_model": heads[0] * heads[1] * 2 * draw.randint(2, 4),
        "encoder_layers": draw.randint(1, 3),
        "decoder_layers": draw.randint(1, 3),
        "encoder_ffn_dim": draw.randint(3, 40),
        "decoder_ffn_dim": draw.randint(3, 40),
        "activation_function": draw.choice(["gelu", "relu", "swish"]),
        "scale_embedding": draw.random() < 0.5,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 5,
        "decoder_start_token_id": 3,
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    side = prefix.partition(".")[0]
    block = getattr(body, side).layers[layer]
    found = {prefix + "mlp.output": block.fc2}
    for name, theirs in (("attn", "self_attn"), ("cross", "encoder_attn")):
        if hasattr(block, theirs):
            attention = getattr(block, theirs)
            found |= {
                f"{prefix}{name}.q": attention.q_proj, f"{prefix}{name}.k": attention.k_proj,
                f"{prefix}{name}.v": attention.v_proj, f"{prefix}{name}.output": attention,
            }  # fmt: skip
    return found


def pre_norm_modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = getattr(body, prefix.partition(".")[0]).layers[layer]
    inputs = {"attn.input": "self_attn_layer_norm", "cross.input": "encoder_attn_layer_norm",
              "mlp.input": "final_layer_norm"}  # fmt: skip
    norms = {prefix + ours: getattr(block, theirs) for ours, theirs in inputs.items() if hasattr(block, theirs)}
    return modules(body, prefix, layer) | norms


def post_norm_modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = getattr(body, prefix.partition(".")[0]).layers[layer]
    after = {"resid.mid": "self_attn_layer_norm", "resid.cross": "encoder_attn_layer_norm"}
    norms = {prefix + ours: getattr(block, theirs) for ours, theirs in after.items() if hasattr(block, theirs)}
    return modules(body, prefix, layer) | norms
