"""PEGASUS (Zhang et al. 2019): BART with sinusoidal positions (sines before cosines), and LayerNorm before
attention and feed-forward."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, encoder_decoder, sinusoidal_positions, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    return encoder_decoder(
        "pegasus",
        config,
        has,
        sinusoidal_positions(config, has),
        block="pre_norm",
        final_norm=True,
        defaults=Defaults(start=0),
    )
