"""BLOOM (BigScience 2022): ALiBi instead of position vectors, a norm of the token vectors, and a fused q, k, v
matrix ordered by head."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import CAUSAL, QKV, alibi, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import PREFIXES, by_groups, gpt_decoder
from attncli.configs.tensors import Tensor, fused, linear, norm

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    heads = heads_of(config)
    return {
        "embed.tokens.weight": Tensor("word_embeddings.weight"),
        **norm("embed.norm", "word_embeddings_layernorm"),
        **norm("layers.{L}.attn.norm", "h.{L}.input_layernorm"),
        **fused("layers.{L}.attn", "h.{L}.self_attention.query_key_value", by_groups(heads, heads)),
        **linear("layers.{L}.attn.output", "h.{L}.self_attention.dense"),
        **norm("layers.{L}.mlp.norm", "h.{L}.post_attention_layernorm"),
        **linear("layers.{L}.mlp.hidden", "h.{L}.mlp.dense_h_to_4h"),
        **linear("layers.{L}.mlp.output", "h.{L}.mlp.dense_4h_to_h"),
        **norm("final.norm", "ln_f"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def heads_of(config: Config) -> int:
    return config.size_by_names(8, "n_head", "num_attention_heads")


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    # How the training code fused and rounded the same operations
    config.unused("slow_but_exact", "bias_dropout_fusion", "masked_softmax_fusion", "attention_softmax_in_fp32")
    config.unused("skip_bias_add", "skip_bias_add_qkv", "offset_alibi", "seq_length")
    config.only("apply_residual_connection_post_layernorm", False)
    config.only("n_inner", None)
    d_model, heads = config.size_by_names(64, "hidden_size", "n_embed"), heads_of(config)
    d_head = config.divides("n_head", heads, "hidden_size", d_model)
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5))
    attn = Attention(heads, heads, d_head, d_head**-0.5, CAUSAL, qkv_bias=QKV, output_bias=True, bias=alibi(heads))
    mlp = feed_forward(4 * d_model, "gelu_pytorch_tanh", bias=True)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    layers = [layer] * config.size_by_names(2, "n_layer", "num_hidden_layers")
    embed = Embed("alibi", d_model, norm=normed)
    return gpt_decoder("bloom", config, has, embed, layers, normed, d_model=d_model, vocab=250880)
