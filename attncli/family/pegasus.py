"""PEGASUS (Zhang et al. 2019): sinusoidal positions, sines before cosines; LayerNorm before each part."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, bart_like, halves, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    return bart_like(
        "pegasus", config, has, halves(config, has), block="pre_norm", final_norm=True, defaults=Defaults(start=0)
    )
