"""Qwen3-MoE (Yang et al. 2025): Qwen3 with experts, none of them shared."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs import experts
from attncli.configs.decoder import MATRICES, PREFIXES, attention, decoder, gated
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor
from attncli.configs.windows import causal_mask, window_in_use
from attncli.family import qwen3

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    mlp = "layers.{L}.mlp"
    return qwen3.tensors(config) | experts.tensors(f"{mlp}.gate", f"{mlp}.experts.{{E}}", MATRICES.values())


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=2048, num_hidden_layers=24, num_key_value_heads=4, sliding_window=4096,
        num_experts_per_tok=8, max_position_embeddings=32768,
    )  # fmt: skip
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    bias = config.flag("attention_bias", False)
    config.get("max_window_layers", None)  # no effect: Qwen3MoeModel.forward has one mask for all layers
    attn = attention(
        config, mask=causal_mask(window_in_use(config)), q_norm=HeadNorm(normed), k_norm=HeadNorm(normed),
        **biased(bias),
    )  # fmt: skip
    dense = gated(config, 6144)
    each = gated(config, 768, name="moe_intermediate_size")
    sparse = experts.mixture(
        config, experts.expert_count(config, 128), each, renormalized=config.flag("norm_topk_prob", False)
    )
    is_sparse = experts.sparse_layers(config)

    def layer(number: int) -> Layer:
        mlp = sparse if is_sparse(number) else dense
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("qwen3_moe", config, has, layer, final_norm=normed, vocab=151936)
