"""SmolLM3 (Bakouch et al. 2025): Llama's layers, of which some have no rotary positions, or a sliding window."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config
from attncli.configs.windows import kinds, mask_of, window
from attncli.errors import AttnError

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.get("max_window_layers", None)  # transformers does not read it
    config.assume(
        num_hidden_layers=36, hidden_size=2048, num_attention_heads=16, num_key_value_heads=4,
        max_position_embeddings=32768, rope_theta=2000000.0,
    )  # fmt: skip
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    bias = config.flag("attention_bias", False)
    mlp = gated(config, 11008, bias=config.flag("mlp_bias", False))
    turning, size = _turning(config), window(config)
    windows = config.flag("use_sliding_window", False) and size is not None
    kind_of = kinds(config, lambda number: windows and not turning[number])

    def layer(number: int) -> Layer:
        attn = attention(
            config,
            mask=mask_of(config, kind_of[number], size),
            **biased(bias),
            **({} if turning[number] else {"rotary": None}),
        )
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("smollm3", config, has, layer, final_norm=normed, vocab=128256, tied=True)


def _turning(config: Config) -> list[bool]:
    """Whether each layer has rotary positions: `no_rope_layers` says 1 where it has, in spite of its name; without
    it, every so many layers have none."""
    layers, interval = config.size("num_hidden_layers"), config.size("no_rope_layer_interval", 4)
    given = config.get("no_rope_layers", [int((number + 1) % interval != 0) for number in range(layers)])
    if not isinstance(given, list) or len(given) < layers:
        raise AttnError(f"{config.file}: no_rope_layers must list 0 or 1 for each of the {layers} layers.")
    return [bool(one) for one in given[:layers]]
