"""mBART (Liu et al. 2020): BART with LayerNorm before attention and feed-forward, and one after the last layer."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, encoder_decoder, learned_positions, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    return encoder_decoder(
        "mbart", config, has, learned_positions(config),
        block="pre_norm", final_norm=True, defaults=Defaults(start=None), speaks_language=True,
    )  # fmt: skip
