"""GPT-J (Wang and Komatsuzaki 2021): attention and feed-forward in parallel behind one norm, interleaved rotary
pairs in the first dimensions of each head, and a bias of the output head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attncli.architecture.parts import CAUSAL, feed_forward, layer_norm, plain_rotary
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import PREFIXES, gpt_decoder
from attncli.configs.tensors import PROJECTIONS, Tensor, linear, linears, norm
from attncli.errors import AttnError
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        "embed.tokens.weight": Tensor("wte.weight"),
        **norm("layers.{L}.attn.norm", "h.{L}.ln_1"),
        **linears("layers.{L}.attn", "h.{L}.attn", PROJECTIONS | {"output": "out_proj"}, bias=False),
        **linear("layers.{L}.mlp.hidden", "h.{L}.mlp.fc_in"),
        **linear("layers.{L}.mlp.output", "h.{L}.mlp.fc_out"),
        **norm("final.norm", "ln_f"),
        **linear("head", "lm_head"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("rotary", True)
    config.only("scale_attn_weights", True)
    d_model = config.size_by_names(4096, "n_embd", "hidden_size")
    heads = config.size_by_names(16, "n_head", "num_attention_heads")
    d_head, rotary_size = config.divides("n_head", heads, "n_embd", d_model), config.size("rotary_dim", 64)
    if rotary_size > d_head or rotary_size % 2:
        raise AttnError(
            N_(
                "{file}: rotary_dim = {rotary_size} must be even and at most the head size, {d_head}.",
                file=config.file,
                rotary_size=rotary_size,
                d_head=d_head,
            )
        )
    attn = Attention(
        heads, heads, d_head, d_head**-0.5, CAUSAL, rotary=replace(plain_rotary(rotary_size), interleaved=True)
    )
    mlp = feed_forward(
        config.size("n_inner", 4 * d_model), config.activation("activation_function", "gelu_new"), bias=True
    )
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5))
    layer = Layer("parallel", attn, mlp, attn_norm=normed)
    embed = Embed("rotary", d_model, config.size_by_names(2048, "n_positions", "max_position_embeddings"))
    return gpt_decoder(
        "gptj", config, has, embed, [layer] * config.size_by_names(28, "n_layer", "num_hidden_layers"), normed,
        d_model=d_model, vocab=50400, tied=False, bias=True,
    )  # fmt: skip
