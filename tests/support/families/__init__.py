"""What the tests know of each family, a file a family: its classes in `transformers`, its golden cases, how to
draw a random configuration, and which of its modules give which of our stages. Nothing here needs torch."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

Config = dict[str, Any]
Tensors = dict[str, Any]

VOCAB, POSITIONS = 37, 24
"""Of the configurations that are drawn."""


@dataclass(frozen=True)
class Case:
    """A random model, and what is done to its files so that they look like those of some years and makers."""

    fields: Config
    bare: bool = False
    tensors: Callable[[Tensors], Tensors] = lambda tensors: tensors
    config: Callable[[Config], Config] = lambda config: config
    tokenizer: Callable[[Path], None] | None = None
    dtype: str = "float32"
    shard_size: str = "1GB"
    input: dict[str, Any] = field(default_factory=lambda: {"ids": [7, 3, 0, 7, 39, 12, 25, 3, 18]})


@dataclass(frozen=True)
class Family:
    """`headed` and `bare` are the names of its classes with and without a head; `parts(body, prefix of the layer's
    stages, its number)` gives the module whose output is a stage. `final`: whether the last of the hidden states
    has been through a last norm. `mend(model)` undoes what is known to be wrong in the reference. `norm_weight`:
    about what the stored weights of norms are drawn. `target`: whether it is an encoder with a decoder.
    `spread`: how wide its matrices are drawn, so that attention is far from uniform and rounding makes no odds."""

    model_type: str
    headed: str
    bare: str
    cases: dict[str, Case]
    draw: Callable[[random.Random], Config]
    parts: Callable[[Any, str, int], dict[str, Any]] = lambda body, at, layer: {}
    final: bool = True
    mend: Callable[[Any], None] = lambda model: None
    norm_weight: float = 1.0
    target: bool = False
    spread: float = 2.2


def families() -> dict[str, Family]:
    """By model_type."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    known = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return {family.model_type: family for family in known}


# ------------------------------------------------------------------ what is done to the files


def without_prefix(prefix: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name.removeprefix(prefix): t for name, t in tensors.items()}


def without(*names: str) -> Callable[[Config], Config]:
    """Some fields are absent, so that their defaults matter."""
    return lambda config: {name: value for name, value in config.items() if name not in names}


def older(config: Config) -> Config:
    """config.json as most of the hub has it: rope_theta and rope_scaling, torch_dtype."""
    rope = dict(config.pop("rope_parameters", {}))
    if rope:
        config["rope_theta"] = rope.pop("rope_theta")
        if "partial_rotary_factor" in rope:
            config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    return config


def oldest(config: Config) -> Config:
    """The kind of scaling was once called `type`."""
    config = older(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
    return config
