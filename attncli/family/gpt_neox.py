"""GPT-NeoX (Black et al. 2022) and Pythia (Biderman et al. 2023): attention and feed-forward in parallel, rotary
positions in part of each head."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import CAUSAL, biased, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import by_groups, gpt_decoder
from attncli.configs.rope import grows_with_length, rope_settings, rotary
from attncli.configs.tensors import Tensor, fused, linear, norm

PREFIXES = ("gpt_neox.",)


def tensors(config: Config) -> dict[str, Tensor]:
    heads = config.size("num_attention_heads", 64)
    return {
        "embed.tokens.weight": Tensor("embed_in.weight"),
        **norm("layers.{L}.attn.norm", "layers.{L}.input_layernorm"),
        **fused("layers.{L}.attn", "layers.{L}.attention.query_key_value", by_groups(heads, heads)),
        **linear("layers.{L}.attn.output", "layers.{L}.attention.dense"),
        **norm("layers.{L}.mlp.norm", "layers.{L}.post_attention_layernorm"),
        **linear("layers.{L}.mlp.hidden", "layers.{L}.mlp.dense_h_to_4h"),
        **linear("layers.{L}.mlp.output", "layers.{L}.mlp.dense_4h_to_h"),
        **norm("final.norm", "final_layer_norm"),
        "head.weight": Tensor("embed_out.weight", transposed=True, alias="lm_head.weight"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("is_decoder")  # causal either way
    d_model, heads = config.size("hidden_size", 6144), config.size("num_attention_heads", 64)
    d_head = config.divides("num_attention_heads", heads, "hidden_size", d_model)
    theta, partial = config.number("rotary_emb_base", 10000.0), config.number("rotary_pct", 0.25)
    config.only("rope_theta", theta)  # other names of the same fields: some files have both
    config.only("partial_rotary_factor", partial)
    attn = Attention(
        heads, heads, d_head, d_head**-0.5, CAUSAL, **biased(config.flag("attention_bias", True)),
        rotary=rotary(config, d_head, settings=rope_settings(config, theta, partial)),
    )  # fmt: skip
    mlp = feed_forward(config.size("intermediate_size", 24576), config.activation("hidden_act", "gelu"), bias=True)
    normed = layer_norm(config.number("layer_norm_eps", 1e-5))
    block = "parallel" if config.flag("use_parallel_residual", True) else "pre_norm"
    layer = Layer(block, attn, mlp, attn_norm=normed, mlp_norm=normed)
    positions = config.size("max_position_embeddings", 2048)
    embed = Embed("rotary", d_model, None if grows_with_length(config) else positions)
    return gpt_decoder(
        "gpt_neox", config, lambda name: has("embed_out.weight") or has(name), embed,
        [layer] * config.size("num_hidden_layers", 44), normed, d_model=d_model, vocab=50432, tied=False,
    )  # fmt: skip
