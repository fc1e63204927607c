"""Our parameters, read from a checkpoint that has them under a family's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from attncli.checkpoints import Checkpoint, whole
from attncli.errors import AttnError
from attncli.families import Tensor
from attncli.formula.types import Array
from attncli.spec import Spec, parameters

OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}


def family_names(checkpoint: Checkpoint, prefixes: Sequence[str]) -> dict[str, str]:
    """The family's name of each tensor -> its name in this checkpoint, which may have a prefix, or the old
    names of a norm's parameters. A tensor without prefix wins over one of the same name with it."""
    names: dict[str, str] = {}
    for actual in checkpoint.names():
        name = actual
        for prefix in prefixes:
            name = name.removeprefix(prefix)
        for old, new in OLD_NAMES.items():
            if name.endswith(old):
                name = name.removesuffix(old) + new
        if name not in names or name == actual:
            names[name] = actual
    return names


@dataclass
class CheckpointWeights:
    """Weights of a model in a checkpoint, as `dtype`, each checked against the shape that the Spec gives it.

    `names` maps the family's tensor names to the checkpoint's. Raises AttnError for a missing tensor or one
    of another shape. `touched` lists the tensors read so far.
    """

    spec: Spec
    tensors: Mapping[str, Tensor]
    checkpoint: Checkpoint
    names: Mapping[str, str]
    dtype: type[np.floating[Any]] = np.float32
    touched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shapes = parameters(self.spec)

    def __call__(self, name: str) -> Array | None:
        template, layer = _split(name)
        if template not in self.shapes:
            return None
        if name == "head.weight" and self.spec.tied:
            embedding = self("embed.tokens.weight")
            return None if embedding is None else embedding.T
        tensor = self.tensors[template]
        actual = self._find(template, tensor, layer)
        self._check_shape(template, tensor, actual)
        converted = self.checkpoint.array(actual, tensor.take).astype(self.dtype, copy=False)
        return converted.T if tensor.transposed else converted

    def rows(self, name: str, ids: Sequence[int]) -> Array:
        actual = self._find(name, self.tensors[name])
        self._check_shape(name, self.tensors[name], actual)
        return self.checkpoint.rows(actual, ids).astype(self.dtype)

    def _find(self, template: str, tensor: Tensor, layer: str = "") -> str:
        theirs = tensor.name.replace("{L}", layer)
        actual = self.names.get(tensor.alias) or self.names.get(theirs)
        if actual is None:
            raise AttnError(
                f"{self.checkpoint.source}: tensor {theirs} is missing ({template} of a {self.spec.family} model)."
            )
        if actual not in self.touched:
            self.touched.append(actual)
        return actual

    def _check_shape(self, template: str, tensor: Tensor, actual: str) -> None:
        expected = self.shapes[template][:: -1 if tensor.transposed else 1]
        stored = self.checkpoint.shape(actual)
        try:  # on a stand-in that takes no memory: nothing is read
            found = tensor.take(np.broadcast_to(np.float32(0), stored)).shape
        except (ValueError, IndexError):
            found = None
        if found != expected:
            of_it = "" if tensor.take is whole else f" for the part that is {template}"
            raise AttnError(
                f"{self.checkpoint.where(actual)}: tensor {actual} has shape {list(stored)}, "
                f"but its config.json makes it {list(expected)}{of_it}."
            )


def not_finite(weights: CheckpointWeights) -> list[tuple[str, int]]:
    """The tensors read so far that hold NaN or infinity, and how many of them."""
    counts = ((name, int((~np.isfinite(weights.checkpoint.array(name))).sum())) for name in weights.touched)
    return [(name, count) for name, count in counts if count]


def _split(name: str) -> tuple[str, str]:
    """layers.3.attn.q.weight -> (layers.{L}.attn.q.weight, 3)"""
    parts = name.split(".")
    if parts[0] != "layers":
        return name, ""
    return ".".join(["layers", "{L}", *parts[2:]]), parts[1]
