"""Gemma 3 (Gemma Team 2025): Gemma 2 with norms of each head's queries and keys in place of the cap on scores, and
rotary positions of their own in the layers that have a window."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import EVERY_KEY, around, rms_norm_from_one
from attncli.architecture.spec import HeadNorm, Layer, Mask, Spec
from attncli.configs.decoder import HEAD_NORMS, PREFIXES, norms
from attncli.configs.fields import Config
from attncli.configs.rope import Settings, checked, rotary
from attncli.configs.tensors import Tensor
from attncli.configs.windows import FULL, SLIDING, kinds, mask_of, window
from attncli.errors import AttnError
from attncli.family.gemma2 import gemma_decoder, normed_on_both_sides
from attncli.family.gemma2 import tensors as without_head_norms

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return without_head_norms(config) | norms(HEAD_NORMS)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=2304, num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4, head_dim=256,
        sliding_window=4096, max_position_embeddings=131072,
    )  # fmt: skip
    config.get("attn_logit_softcapping", None)  # of no effect: Gemma3Attention.forward does not pass it on
    config.get("_sliding_window_pattern", None)  # as saved with layer_types, which say it all
    pattern = config.size("sliding_window_pattern", 6)
    of_layers = kinds(config, slides=lambda number: (number + 1) % pattern > 0)
    head_norm = HeadNorm(rms_norm_from_one(config.number("rms_norm_eps", 1e-6)))
    settings = rope_by_kind(config)
    turns = {kind: rotary(config, config.size("head_dim"), settings=settings[kind]) for kind in set(of_layers)}
    masks = {kind: mask(config, kind) for kind in set(of_layers)}

    def layer(number: int) -> Layer:
        kind = of_layers[number]
        return normed_on_both_sides(
            config, mask=masks[kind], rotary=turns[kind], q_norm=head_norm, k_norm=head_norm
        )

    return gemma_decoder("gemma3_text", config, has, layer, vocab=262208)


def mask(config: Config, kind: str) -> Mask:
    """Causal, or both ways (embedding models), where a window of n keys reaches n / 2 to either side
    (configuration_gemma3.py, __post_init__; modeling_gemma3.py, _bidirectional_window_overlay)."""
    size = window(config)
    if not config.flag("use_bidirectional_attention", False) or (kind == SLIDING and size is None):
        return mask_of(config, kind, size)
    return EVERY_KEY if kind == FULL or size is None else around(size // 2)


def rope_by_kind(config: Config) -> dict[str, Settings]:
    """What config.json says of the rotary positions of each kind of layer: rope_parameters by kind, or before that
    rope_theta and rope_scaling of the FULL and rope_local_base_freq of the SLIDING ones."""
    older = checked(config, config.get("rope_scaling", {}), "rope_scaling")
    newer = checked(config, config.get("rope_parameters", {FULL: {}}))
    if not {FULL, SLIDING} & set(newer):
        raise AttnError(f"{config.file}: rope_parameters must have settings for {FULL} and {SLIDING}.")
    said = [checked(config, newer.get(kind, {}), f"rope_parameters of {kind}") for kind in (FULL, SLIDING)]
    full = {"rope_theta": config.number("rope_theta", 1000000.0)}
    local = {"rope_theta": config.number("rope_local_base_freq", 10000.0)}
    return {FULL: full | said[0] | older, SLIDING: local | said[1]}
