"""Gemma 3 (Gemma Team 2025): Gemma 2 with norms of queries and keys instead of a cap on scores, and separate
rotary positions in the layers with a sliding window."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import EVERY_KEY, around, rms_norm_from_one
from attncli.architecture.spec import HeadNorm, Layer, Mask, Spec
from attncli.configs.decoder import HEAD_NORMS, PREFIXES, norms
from attncli.configs.fields import Config
from attncli.configs.rope import Settings, checked, rotary
from attncli.configs.tensors import Tensor
from attncli.configs.windows import FULL, SLIDING, layer_mask, layer_types, window
from attncli.errors import AttnError
from attncli.family.gemma2 import gemma_decoder, normed_on_both_sides
from attncli.family.gemma2 import tensors as gemma2_tensors
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return gemma2_tensors(config) | norms(HEAD_NORMS)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=2304, num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4, head_dim=256,
        sliding_window=4096, max_position_embeddings=131072,
    )  # fmt: skip
    config.get("attn_logit_softcapping", None)  # no effect: Gemma3Attention.forward does not pass it on
    config.get("_sliding_window_pattern", None)  # saved beside layer_types, which decides
    pattern = config.size("sliding_window_pattern", 6)
    types = layer_types(config, slides=lambda number: (number + 1) % pattern > 0)
    head_norm = HeadNorm(rms_norm_from_one(config.number("rms_norm_eps", 1e-6)))
    settings = rope_by_type(config)
    rotaries = {name: rotary(config, config.size("head_dim"), settings=settings[name]) for name in set(types)}
    masks = {name: mask(config, name) for name in set(types)}

    def layer(number: int) -> Layer:
        name = types[number]
        return normed_on_both_sides(
            config, mask=masks[name], rotary=rotaries[name], q_norm=head_norm, k_norm=head_norm
        )

    return gemma_decoder("gemma3_text", config, has, layer, vocab=262208)


def mask(config: Config, layer_type: str) -> Mask:
    """Causal; or bidirectional (embedding models), where a window of n keys reaches n / 2 keys to either side
    (configuration_gemma3.py, __post_init__; modeling_gemma3.py, _bidirectional_window_overlay)."""
    size = window(config)
    if not config.flag("use_bidirectional_attention", False) or (layer_type == SLIDING and size is None):
        return layer_mask(config, layer_type, size)
    return EVERY_KEY if layer_type == FULL or size is None else around(size // 2)


def rope_by_type(config: Config) -> dict[str, Settings]:
    """The rotary settings of each layer type. Newer files have rope_parameters for each type; older ones have
    rope_theta and rope_scaling for FULL, and rope_local_base_freq for SLIDING."""
    older = checked(config, config.get("rope_scaling", {}), "rope_scaling")
    newer = checked(config, config.get("rope_parameters", {FULL: {}}))
    if not {FULL, SLIDING} & set(newer):
        raise AttnError(
            N_(
                "{file}: rope_parameters must have settings for {full} and {sliding}.",
                file=config.file,
                full=FULL,
                sliding=SLIDING,
            )
        )
    full = checked(config, newer.get(FULL, {}), f"rope_parameters of {FULL}")
    sliding = checked(config, newer.get(SLIDING, {}), f"rope_parameters of {SLIDING}")
    full_base = {"rope_theta": config.number("rope_theta", 1000000.0)}
    sliding_base = {"rope_theta": config.number("rope_local_base_freq", 10000.0)}
    return {FULL: full_base | full | older, SLIDING: sliding_base | sliding}
