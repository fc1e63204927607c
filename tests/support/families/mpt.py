"""MPT."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older

MPT = {"d_model": 24, "n_layers": 2, "n_heads": 3, "vocab_size": 41, "max_seq_len": 13}
STORY_WRITER = {"clip_qkv": 0.8, "alibi_bias_max": 16}


def as_published(config: Config) -> Config:
    """config.json as that of MPT-7B: with fields of its own code."""
    attention = {
        "alibi": True, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0,
        "attn_type": "multihead_attention", "attn_uses_sequence_id": False, "clip_qkv": None, "prefix_lm": False,
        "qk_ln": False, "softmax_scale": None,
    }  # fmt: skip
    return older(config) | {
        "attn_config": attention, "init_config": {"name": "kaiming_normal_"}, "verbose": 0, "logit_scale": None,
        "tokenizer_name": "EleutherAI/gpt-neox-20b", "init_device": "cpu",
    }  # fmt: skip


CASES = {
    "mpt-published": Case(MPT, config=as_published),
    "mpt-clipped": Case(MPT | {"n_heads": 6, "layer_norm_epsilon": 1e-3, "attn_config": STORY_WRITER,
                               "tie_word_embeddings": False}),
    "mpt-scaled": Case(MPT | {"n_heads": 4, "attn_config": {"softmax_scale": 0.2}}, config=older,
                       dtype="bfloat16"),
}  # fmt: skip


def read_bias_max(model: Any) -> None:
    """`transformers` uses 8 for alibi_bias_max, whatever the config says; the authors' code reads the field."""
    body = getattr(model, "transformer", model)
    build, limit = body.build_mpt_alibi_tensor, model.config.attn_config.alibi_bias_max
    body.build_mpt_alibi_tensor = lambda heads, length, device: build(heads, length, limit, device)


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 9)
    return {
        "n_heads": heads,
        "d_model": heads * draw.randint(2, 9),
        "n_layers": draw.randint(1, 3),
        "max_seq_len": POSITIONS,
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
        "attn_config": {
            "clip_qkv": draw.choice([None, 0.5]),
            "softmax_scale": draw.choice([None, 0.3]),
            "alibi_bias_max": draw.choice([8, 16]),
        },
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.blocks[layer]
    return {
        prefix + "attn.input": block.norm_1, prefix + "attn.output": block.attn,
        prefix + "mlp.input": block.norm_2,
        prefix + "mlp.hidden": block.ffn.up_proj, prefix + "mlp.output": block.ffn.down_proj,
    }  # fmt: skip


FAMILY = Family("mpt", "MptForCausalLM", "MptModel", CASES, draw_fields, modules, mend=read_bias_max)
