"""DeepSeek-V2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older

DEEPSEEK = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 3,
            "intermediate_size": 17, "moe_intermediate_size": 7, "vocab_size": 45, "kv_lora_rank": 10,
            "q_lora_rank": 11, "qk_rope_head_dim": 4, "qk_nope_head_dim": 6, "v_head_dim": 5,
            "first_k_dense_replace": 1, "n_routed_experts": 6, "n_shared_experts": 2, "num_experts_per_tok": 2,
            "routed_scaling_factor": 1.7, "max_position_embeddings": 64}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 8.0, "beta_fast": 4.0, "beta_slow": 0.5,
        "mscale": 0.6, "mscale_all_dim": 0.9, "original_max_position_embeddings": 16}  # fmt: skip


def with_training_fields(config: Config) -> Config:
    return older(config) | {"aux_loss_alpha": 0.001, "seq_aux": True, "ep_size": 1, "moe_layer_freq": 1,
                            "scoring_func": "softmax"}  # fmt: skip


CASES = {
    "deepseek-v2-groups": Case(
        DEEPSEEK | {"topk_method": "group_limited_greedy", "n_group": 3, "topk_group": 1, "attention_bias": True,
                    "rope_parameters": YARN}, config=with_training_fields),
    "deepseek-v2-greedy": Case(DEEPSEEK | {"q_lora_rank": None, "mlp_bias": True, "rms_norm_eps": 1e-2}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    groups, in_group = draw.randint(1, 3), draw.randint(2, 3)
    kept, heads = draw.randint(1, groups), draw.randint(1, 4)
    rope = draw.choice([
        {"rope_type": "default"},
        {"rope_type": "yarn", "factor": draw.choice([2.0, 8.0]), "mscale": draw.choice([0.7, 1.0]),
         "mscale_all_dim": draw.choice([0, 0.7, 1.0]), "original_max_position_embeddings": draw.choice([8, 64])},
    ])  # fmt: skip
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "hidden_size": heads * draw.randint(3, 9),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 20),
        "moe_intermediate_size": draw.randint(3, 9),
        "kv_lora_rank": draw.choice([4, 10]),
        "q_lora_rank": draw.choice([None, 7]),
        "qk_rope_head_dim": draw.choice([4, 6]),
        "qk_nope_head_dim": draw.choice([2, 8]),
        "v_head_dim": draw.randint(1, 9),
        "first_k_dense_replace": draw.randint(0, 3),
        "n_routed_experts": groups * in_group,
        "n_shared_experts": draw.randint(1, 3),
        "num_experts_per_tok": draw.randint(1, kept * in_group),
        "n_group": groups,
        "topk_group": kept,
        "routed_scaling_factor": draw.choice([1.0, 2.5]),
        "attention_bias": draw.random() < 0.5,
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "max_position_embeddings": POSITIONS,
        "rope_parameters": rope | {"rope_theta": draw.choice([100.0, 10000.0])},
    }


def draw_own_fields(draw: random.Random) -> dict[str, Any]:
    method = {"topk_method": draw.choice(["greedy", "group_limited_greedy"]), "mlp_bias": draw.random() < 0.5}
    return draw_fields(draw) | method


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    queries = {prefix + "attn.q_latent": attention.q_a_proj} if attention.q_lora_rank else {}
    experts = {prefix + "mlp.shared": block.mlp.shared_experts} if hasattr(block.mlp, "experts") else {}
    return queries | experts | {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.kv_latent_normed": attention.kv_a_layernorm,
        prefix + "attn.output": attention, prefix + "mlp.input": block.post_attention_layernorm,
        prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("deepseek_v2", "DeepseekV2ForCausalLM", "DeepseekV2Model", CASES, draw_own_fields, modules)
