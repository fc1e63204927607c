"""BART (Lewis et al. 2019): learned positions, a norm of the embedding, LayerNorm after attention and after the
feed-forward."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, encoder_decoder, learned_positions, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    return encoder_decoder(
        "bart", config, has, learned_positions(config), block="post_norm", final_norm=False, defaults=Defaults()
    )
