"""mT5 (Xue et al. 2020): T5 1.1 for many languages; the input of its head is never scaled."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor
from attncli.family.t5 import PREFIXES, Defaults, t5_spec, tensors_of

__all__ = ["PREFIXES", "spec", "tensors"]
DEFAULTS = Defaults(vocab=250112, d_ff=1024, layers=8, heads=6, feed_forward="gated-gelu")


def tensors(config: Config) -> dict[str, Tensor]:
    return tensors_of(config, DEFAULTS)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.get("tie_word_embeddings", True)  # no effect: tied unless there is a head (configuration_mt5.py)
    return t5_spec("mt5", config, has, DEFAULTS, scaled=False)
