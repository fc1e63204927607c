"""The parameters of a model, read from a checkpoint that stores them under the names of its family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from attncli.architecture.parameters import layer_and_expert, shape_of, template
from attncli.architecture.spec import Spec
from attncli.checkpoints import Checkpoint, Take, whole
from attncli.configs.tensors import Tensor
from attncli.errors import AttnError
from attncli.formula.types import Array, Index
from attncli.language import N_

CONVERTED = 1 << 20
"""How many numbers of a matrix are converted at a time: 4 MB in float32, so that memory is reused."""
OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}


def family_names(checkpoint: Checkpoint, prefixes: Sequence[str]) -> dict[str, str]:
    """The family's name of each tensor -> its name in this checkpoint, which may have a prefix, or the old names
    of the parameters of a norm. A tensor without a prefix wins over one with it."""
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
    """The weights of a model in a checkpoint, as `dtype`; the shape of each is checked against the Spec.

    `names` maps the family's names of tensors to those of the checkpoint. `touched` lists the tensors read so far.
    Raises AttnError for a missing tensor or one of another shape.
    """

    spec: Spec
    tensors: Mapping[str, Tensor]
    checkpoint: Checkpoint
    names: Mapping[str, str]
    dtype: type[np.floating[Any]] = np.float32
    touched: list[str] = field(default_factory=list)
    _found: dict[tuple[str, str], tuple[Tensor, str]] = field(default_factory=dict, repr=False)

    def __call__(self, name: str) -> Array | None:
        shape = shape_of(self.spec, name)
        if shape is None:
            return None
        if name == "head.weight" and self.spec.head is not None and self.spec.head.tied:
            embedding = self(f"{self.spec.main.prefix}embed.tokens.weight")
            return None if embedding is None else embedding.T
        if self.kept_by_head(name):
            return np.stack([self._read(name, shape[1:], str(head)) for head in range(shape[0])])
        return self._read(name, shape)

    def kept_by_head(self, name: str) -> bool:
        """Whether a parameter is stored as one tensor for each head."""
        return "{H}" in self._tensor(name).name

    def _read(self, name: str, shape: tuple[int, ...], head: str = "0") -> Array:
        tensor, actual = self._find(name, shape, head)
        converted = self.checkpoint.array(actual, tensor.take).astype(self.dtype, copy=False)
        return converted.T if tensor.transposed else converted

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        """The number of columns of a matrix, and the columns, some at a time, so that a large matrix is never
        converted as a whole. A matrix stored [in, out] comes in one slice, because its columns are not contiguous
        in the file."""
        shape = shape_of(self.spec, name)
        assert shape is not None, name
        if name == "head.weight" and self.spec.head is not None and self.spec.head.tied:
            embedding = f"{self.spec.main.prefix}embed.tokens.weight"
            tensor, actual = self._find(embedding, shape[::-1])
            tensor = replace(tensor, transposed=True)
        else:
            tensor, actual = self._find(name, shape)
        return shape[1], self._slices(tensor, actual, *shape)

    def _slices(self, tensor: Tensor, actual: str, height: int, width: int) -> Iterator[tuple[slice, Array]]:
        step = max(1, CONVERTED // height) if tensor.transposed else width
        for start in range(0, width, step):
            columns = slice(start, start + step)
            take = _rows_of(tensor.take, columns) if tensor.transposed else tensor.take
            converted = self.checkpoint.array(actual, take).astype(self.dtype, copy=False)
            yield columns, converted.T if tensor.transposed else converted

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        shape = shape_of(self.spec, name)
        assert shape is not None, name
        _, actual = self._find(name, shape)
        return self.checkpoint.rows(actual, [int(i) for i in ids]).astype(self.dtype)

    def _tensor(self, name: str) -> Tensor:
        return self.tensors.get(name) or self.tensors[template(name)]

    def locate(self, name: str, head: str = "0") -> tuple[Tensor, str, str | None]:
        """Where a parameter is stored (for one stored head by head, the tensor of that head), the family's name of
        the tensor, and its name in this checkpoint: None where it is missing."""
        first = self._tensor(name)
        tensor, theirs, actual = self._locate(first, name, head)
        while actual is None and tensor.otherwise is not None:
            tensor, theirs, actual = self._locate(tensor.otherwise, name, head)
        return (tensor, theirs, actual) if actual is not None else self._locate(first, name, head)

    def _locate(self, tensor: Tensor, name: str, head: str) -> tuple[Tensor, str, str | None]:
        layer, expert = layer_and_expert(name)
        theirs = tensor.name.replace("{L}", layer).replace("{E}", expert).replace("{H}", head)
        if expert and "{E}" not in tensor.name:  # all experts are in one tensor
            tensor = replace(tensor, take=_of_expert(int(expert), tensor.take))
        actual = self.names.get(tensor.alias) or self.names.get(theirs)
        return tensor, theirs, actual

    def check(self, name: str) -> None:
        """Raises AttnError where the headers of the files tell that a parameter of the Spec cannot be read."""
        shape = shape_of(self.spec, name)
        assert shape is not None, name
        if name == "head.weight" and self.spec.head is not None and self.spec.head.tied:
            self.check(f"{self.spec.main.prefix}embed.tokens.weight")
        elif self.kept_by_head(name):
            for head in range(shape[0]):
                self._checked(name, shape[1:], str(head))
        else:
            self._checked(name, shape)

    def _find(self, name: str, shape: tuple[int, ...], head: str = "0") -> tuple[Tensor, str]:
        """Where a parameter is stored, and the name of its tensor in this checkpoint, which is now in use."""
        tensor, actual = self._checked(name, shape, head)
        if actual not in self.touched:
            self.touched.append(actual)
        return tensor, actual

    def _checked(self, name: str, shape: tuple[int, ...], head: str = "0") -> tuple[Tensor, str]:
        """Where a parameter is stored, and the name of its tensor in this checkpoint; found and checked once."""
        if (name, head) in self._found:
            return self._found[name, head]
        tensor, theirs, actual = self.locate(name, head)
        if actual is None:
            raise AttnError(
                N_(
                    "{source}: tensor {theirs} is missing ({name} of a {family} model).",
                    source=self.checkpoint.source,
                    theirs=theirs,
                    name=name,
                    family=self.spec.family,
                )
            )
        self.check_shape(name, shape, tensor, actual)
        self.checkpoint.check(actual)
        self._found[name, head] = tensor, actual
        return tensor, actual

    def check_shape(self, name: str, shape: tuple[int, ...], tensor: Tensor, actual: str) -> None:
        """Raises AttnError where the tensor of a parameter does not have the shape that the Spec requires."""
        expected = shape[:: -1 if tensor.transposed else 1]
        stored = self.checkpoint.shape(actual)
        if tensor.take is whole and stored == expected:
            return
        try:  # on a stand-in without memory, so that nothing is read
            found = tensor.take(np.broadcast_to(np.float32(0), stored)).shape
        except (ValueError, IndexError):
            found = None
        if found != expected:
            shapes = {"where": self.checkpoint.where(actual), "tensor": actual, "stored": list(stored),
                      "expected": list(expected)}  # fmt: skip
            raise AttnError(
                N_("{where}: tensor {tensor} has shape {stored}, but config.json requires {expected}.", **shapes)
                if tensor.take is whole
                else N_(
                    "{where}: tensor {tensor} has shape {stored}, but config.json requires {expected} for {name}, "
                    "a part of it.",
                    name=name,
                    **shapes,
                )
            )


def _rows_of(take: Take, rows: slice) -> Take:
    return lambda stored: take(stored)[rows]


def _of_expert(expert: int, take: Take) -> Take:
    return lambda stored: take(stored[expert])


def not_finite(weights: CheckpointWeights) -> list[tuple[str, int]]:
    """The tensors read so far that contain NaN or infinity, with the number of such values."""
    counts = ((name, int((~np.isfinite(weights.checkpoint.array(name))).sum())) for name in weights.touched)
    return [(name, count) for name, count in counts if count]
