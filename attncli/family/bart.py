"""BART (Lewis et al. 2019): learned positions, a norm of the embedding, LayerNorm after each part."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, bart_like, learned, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    return bart_like(
        "bart", config, has, learned(config), block="post_norm", final_norm=False, defaults=Defaults()
    )
