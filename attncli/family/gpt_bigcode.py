"""GPT-BigCode (Li et al. 2023), SantaCoder and StarCoder: GPT-2 with multi-query attention."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import CAUSAL, QKV, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs import gpt
from attncli.configs.fields import Config
from attncli.configs.gpt import PREFIXES, by_groups, gpt_decoder
from attncli.configs.tensors import Tensor, fused, linear

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        **gpt.tensors(),
        **fused("layers.{L}.attn", "h.{L}.attn.c_attn", by_groups(*heads_of(config))),
        **linear("layers.{L}.attn.output", "h.{L}.attn.c_proj"),
    }


def heads_of(config: Config) -> tuple[int, int]:
    """How many heads of queries, and of keys and values."""
    heads = config.size_by_names(12, "n_head", "num_attention_heads")
    return heads, 1 if config.flag("multi_query", True) else heads


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("attention_softmax_in_fp32", "scale_attention_softmax_in_fp32")  # only about rounding
    config.unused("inference_runner", "validate_runner_input", "pre_allocate_kv_cache", "pad_key_length")
    config.unused("max_batch_size", "max_sequence_length", "is_decoder")
    config.only("add_cross_attention", False)
    d_model, (heads, kv_heads) = config.size_by_names(768, "n_embd", "hidden_size"), heads_of(config)
    d_head = config.divides("n_head", heads, "n_embd", d_model)
    config.only("num_key_value_heads", kv_heads)
    scale = d_head**-0.5 if config.flag("scale_attn_weights", True) else 1.0
    attn = Attention(heads, kv_heads, d_head, scale, CAUSAL, qkv_bias=QKV, output_bias=True)
    mlp = feed_forward(
        config.size("n_inner", 4 * d_model),
        config.activation("activation_function", "gelu_pytorch_tanh"),
        bias=True,
    )
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5))
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    positions = config.size_by_names(1024, "n_positions", "max_position_embeddings")
    embed = Embed("learned", d_model, positions, rows=positions)
    layers = [layer] * config.size_by_names(12, "n_layer", "num_hidden_layers")
    return gpt_decoder("gpt_bigcode", config, has, embed, layers, normed, d_model=d_model, vocab=50257)
