"""The families in the tests, one file each: their classes in `transformers`, their golden cases, how to draw a
random configuration, and which of their modules outputs which of our stages. Nothing here needs torch."""

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
"""The sizes in random configurations."""


@dataclass(frozen=True)
class Case:
    """A random model, and the changes to its files that make them look like files of other years and authors."""

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
    """`headed` and `bare` are the names of its classes with and without a head. `modules(body, prefix, layer)`
    maps our stages, whose names begin with `prefix`, to the modules of that layer that output them. `final`:
    whether the last hidden state of the reference has been through a final norm. `mend(model)` undoes known faults
    of the reference. `norm_weight`: the mean of the random weights of norms. `target`: whether it is an
    encoder-decoder. `spread`: the scale of the random matrices, wide enough for attention that is far from
    uniform, but insensitive to rounding."""

    model_type: str
    headed: str
    bare: str
    cases: dict[str, Case]
    draw: Callable[[random.Random], Config]
    modules: Callable[[Any, str, int], dict[str, Any]] = lambda body, prefix, layer: {}
    final: bool = True
    mend: Callable[[Any], None] = lambda model: None
    norm_weight: float = 1.0
    target: bool = False
    spread: float = 2.2


def families() -> dict[str, Family]:
    """model_type -> family."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    known = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return {family.model_type: family for family in known}


# ------------------------------------------------------------------ changes to the files


def without_prefix(prefix: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name.removeprefix(prefix): t for name, t in tensors.items()}


def without(*names: str) -> Callable[[Config], Config]:
    """Leaves out some fields, so that their defaults are tested."""
    return lambda config: {name: value for name, value in config.items() if name not in names}


def older(config: Config) -> Config:
    """config.json as in most models on the hub: rope_theta and rope_scaling, torch_dtype."""
    rope = dict(config.pop("rope_parameters", {}))
    if rope:
        config["rope_theta"] = rope.pop("rope_theta")
        if "partial_rotary_factor" in rope:
            config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    return config


def oldest(config: Config) -> Config:
    """With the former name of rope_type, `type`."""
    config = older(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
    return config
