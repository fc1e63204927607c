"""Qwen1.5-MoE and Qwen2-MoE (Yang et al. 2024): Qwen2 with experts, and a gated shared expert that every token
uses."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import QKV, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs import experts
from attncli.configs.decoder import MATRICES, PREFIXES, attention, decoder, gated
from attncli.configs.decoder import tensors as llama_tensors
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, linears
from attncli.configs.windows import layer_mask, layer_types, window_in_use

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    mlp = "layers.{L}.mlp"
    return {
        **llama_tensors(config),
        **experts.tensors(f"{mlp}.gate", f"{mlp}.experts.{{E}}", MATRICES.values()),
        **linears(f"{mlp}.shared", f"{mlp}.shared_expert", MATRICES, bias=False),
        **linear(f"{mlp}.shared_gate", f"{mlp}.shared_expert_gate", bias=False),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=2048, num_hidden_layers=24, num_attention_heads=16, num_key_value_heads=16,
        sliding_window=4096, num_experts_per_tok=4, max_position_embeddings=32768,
    )  # fmt: skip
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    dense, each = gated(config, 5632), gated(config, 1408, name="moe_intermediate_size")
    shared = gated(config, 5632, name="shared_expert_intermediate_size")
    sparse = experts.mixture(
        config, config.size("num_experts", 60), each, renormalized=config.flag("norm_topk_prob", False),
        shared=shared, shared_gate=True,
    )  # fmt: skip
    is_sparse = experts.sparse_layers(config)
    biases = QKV if config.flag("qkv_bias", True) else frozenset()
    size, end = window_in_use(config), config.number("max_window_layers", 28)
    types = layer_types(config, lambda number: size is not None and number % 2 == 0 and number < end)

    def layer(number: int) -> Layer:
        attn = attention(config, qkv_bias=biases, mask=layer_mask(config, types[number], size))
        mlp = sparse if is_sparse(number) else dense
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("qwen2_moe", config, has, layer, final_norm=normed, vocab=151936)
