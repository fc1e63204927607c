"""StableLM (Bellagente et al. 2024): Llama with LayerNorm, and rotary positions in part of each head.

Some models have norms of queries and keys with parameters for each head, or attention and feed-forward in
parallel.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import QKV, layer_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, norm

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        **decoder.tensors(config),
        **norm("layers.{L}.attn.norm", "layers.{L}.input_layernorm"),
        "layers.{L}.attn.q_norm.weight": Tensor("layers.{L}.self_attn.q_layernorm.norms.{H}.weight"),
        "layers.{L}.attn.k_norm.weight": Tensor("layers.{L}.self_attn.k_layernorm.norms.{H}.weight"),
        **norm("layers.{L}.mlp.norm", "layers.{L}.post_attention_layernorm"),
        **norm("final.norm", "norm"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(hidden_size=2560, max_position_embeddings=4096, partial_rotary_factor=0.25)
    eps = config.number("layer_norm_eps", 1e-5)
    normed, of_head = layer_norm(eps), HeadNorm(layer_norm(eps, bias=False), over="heads")
    each = of_head if config.flag("qk_layernorm", False) else None
    attn = decoder.attention(
        config, qkv_bias=QKV if config.flag("use_qkv_bias", False) else frozenset(), q_norm=each, k_norm=each
    )
    mlp = decoder.gated(config, 6912)
    if config.flag("use_parallel_residual", False):
        layer = Layer("parallel", attn, mlp, attn_norm=normed)
    else:
        layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder.decoder("stablelm", config, has, lambda number: layer, final_norm=normed, vocab=50304)
