"""SmolLM3 (Bakouch et al. 2025): Llama with some layers that have no rotary positions, or a sliding window."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config
from attncli.configs.windows import layer_mask, layer_types, window
from attncli.errors import AttnError
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.get("max_window_layers", None)  # no effect: transformers does not read it
    config.assume(
        num_hidden_layers=36, hidden_size=2048, num_attention_heads=16, num_key_value_heads=4,
        max_position_embeddings=32768, rope_theta=2000000.0,
    )  # fmt: skip
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    bias = config.flag("attention_bias", False)
    mlp = gated(config, 11008, bias=config.flag("mlp_bias", False))
    rotates, size = _rotary_layers(config), window(config)
    windows = config.flag("use_sliding_window", False) and size is not None
    types = layer_types(config, lambda number: windows and not rotates[number])

    def layer(number: int) -> Layer:
        attn = attention(
            config,
            mask=layer_mask(config, types[number], size),
            **biased(bias),
            **({} if rotates[number] else {"rotary": None}),
        )
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("smollm3", config, has, layer, final_norm=normed, vocab=128256, tied=True)


def _rotary_layers(config: Config) -> list[bool]:
    """Whether each layer has rotary positions. Despite its name, no_rope_layers has 1 where a layer has them.
    Without that field, every no_rope_layer_interval-th layer has none."""
    layers, interval = config.size("num_hidden_layers"), config.size("no_rope_layer_interval", 4)
    given = config.get("no_rope_layers", [int((number + 1) % interval != 0) for number in range(layers)])
    if not isinstance(given, list) or len(given) < layers:
        raise AttnError(
            N_(
                "{file}: no_rope_layers must list 0 or 1 for each of the {layers} layers.",
                file=config.file,
                layers=layers,
            )
        )
    return [bool(flag) for flag in given[:layers]]
