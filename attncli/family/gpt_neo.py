"""GPT-Neo (Black et al. 2021): GPT-2 with unscaled scores, and a sliding window in some layers."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import CAUSAL, feed_forward, layer_norm, sliding
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs import gpt
from attncli.configs.fields import Config, short
from attncli.configs.gpt import PREFIXES, gpt_decoder
from attncli.configs.tensors import PROJECTIONS, Tensor, linear, linears
from attncli.configs.windows import checked_types
from attncli.errors import AttnError
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]

GLOBAL, LOCAL = "global", "local"


def tensors(config: Config) -> dict[str, Tensor]:
    attn, theirs = "layers.{L}.attn", "h.{L}.attn.attention"
    return {
        **gpt.tensors(),
        **linears(attn, theirs, PROJECTIONS, bias=False),
        **linear(f"{attn}.output", f"{theirs}.out_proj"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    d_model, heads = config.size("hidden_size", 2048), config.size_by_names(16, "num_heads", "num_attention_heads")
    d_head = config.divides("num_heads", heads, "hidden_size", d_model)
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5))
    mlp = feed_forward(
        config.size("intermediate_size", 4 * d_model),
        config.activation("activation_function", "gelu_new"),
        bias=True,
    )
    masks = {GLOBAL: CAUSAL, LOCAL: sliding(config.size("window_size", 256))}

    def layer(attention_type: str) -> Layer:
        attn = Attention(heads, heads, d_head, 1.0, masks[attention_type], output_bias=True)
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    positions = config.size("max_position_embeddings", 2048)
    embed = Embed("learned", d_model, positions, rows=positions)
    layers = [layer(attention_type) for attention_type in attention_types(config)]
    return gpt_decoder("gpt_neo", config, has, embed, layers, normed, d_model=d_model, vocab=50257)


def attention_types(config: Config) -> tuple[str, ...]:
    """`global` or `local` for each layer. The field attention_types abbreviates the list: [[["global", "local"],
    12]] stands for the pair 12 times. attention_layers, the whole list, wins where a file has both."""
    repeated = config.get("attention_types", [[[GLOBAL, LOCAL], 12]])
    layers = config.size_by_names(24, "num_layers", "num_hidden_layers")
    try:
        expanded = [name for group, times in repeated for name in list(group) * times]
    except (TypeError, ValueError):
        raise AttnError(
            N_(
                "{file}: attention_types is {repeated}; an example is [[[{global_!r}, {local!r}], 12]].",
                file=config.file,
                repeated=short(repeated),
                global_=GLOBAL,
                local=LOCAL,
            )
        ) from None
    field = "attention_types" if config.get("attention_layers", None) is None else "attention_layers"
    return checked_types(config, field, config.get("attention_layers", expanded), layers, (GLOBAL, LOCAL))
