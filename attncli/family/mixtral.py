"""Mixtral (Jiang et al. 2024): Mistral with eight experts in each layer, two of them for each token."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs import experts
from attncli.configs.decoder import PREFIXES, attention, decoder, gated
from attncli.configs.decoder import tensors as llama_tensors
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor
from attncli.configs.windows import causal_mask, window

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    sparse = "layers.{L}.block_sparse_moe"
    return llama_tensors(config) | experts.tensors(f"{sparse}.gate", f"{sparse}.experts.{{E}}", ("w1", "w3", "w2"))


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        num_key_value_heads=8, num_experts_per_tok=2, rope_theta=1000000.0, max_position_embeddings=4096 * 32
    )
    normed = rms_norm(config.number("rms_norm_eps", 1e-5))
    attn = attention(config, mask=causal_mask(window(config)))
    each = gated(config, 14336)
    mlp = experts.mixture(config, experts.expert_count(config, 8), each, renormalized=True)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder("mixtral", config, has, lambda number: layer, final_norm=normed)
