"""Whether a checkpoint has what an answer needs, by the headers of its files, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attncli.architecture.parameters import shape_of, shapes
from attncli.architecture.spec import Attention, Spec
from attncli.formula.types import Array, Index
from attncli.model.forward import forward
from attncli.model.weights import CheckpointWeights
from attncli.stages import entry_of
from attncli.stages.names import SCALED, SCORES, relative, within_attention
from attncli.text.tokens import Tokens
from attncli.tracing.interventions import NONE, Interventions
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import Enough

if TYPE_CHECKING:
    from attncli.model.model import Model
    from attncli.tracing.slabs import Slab

NO_TOKENS = Tokens(ids=(), texts=(), spans=(), types=())


def check_parameters(model: Model, selection: Selection) -> None:
    """Looks up every tensor that the selected stages need, and checks its name, shape and type; no number is read.

    The forward itself says which they are: it runs on a text without tokens, as far as the last selected stage.
    Raises AttnError for a tensor that is missing, or of another shape, or of a type that attn cannot read.
    """
    if not isinstance(model.weights, CheckpointWeights):  # other weights have no tensors that could be missing
        return
    weights = _Headers(model.weights)
    with np.errstate(all="ignore"):
        try:
            forward(model.spec, weights, [NO_TOKENS] * len(model.spec.stacks), _Rehearsal(weights, selection))
        except Enough:
            return


@dataclass(frozen=True)
class _Headers:
    """Parameters without memory: each that the forward asks for is checked, and has the right shape."""

    weights: CheckpointWeights

    @property
    def spec(self) -> Spec:
        return self.weights.spec

    def __call__(self, name: str) -> Array | None:
        shape = shape_of(self.spec, name)
        if shape is None:
            return None
        self.weights.check(name)
        return np.broadcast_to(self.weights.dtype(0), shape)

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        matrix = self(name)
        assert matrix is not None, name
        return matrix.shape[1], iter([(slice(None), matrix)])

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        table = self(name)
        assert table is not None, name
        return table[: len(ids)]


@dataclass(frozen=True)
class _Rehearsal:
    """The tap of a forward without tokens. It adds the parameters that only a token makes the forward read."""

    weights: _Headers
    selection: Selection
    interventions: Interventions = NONE

    @property
    def last(self) -> str:
        return self.selection.stages[-1]

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        if name == self.last:
            raise Enough
        if relative(name) == "mlp.routed":  # which experts a token will choose is in the numbers
            experts = f"{name.removesuffix('routed')}experts."
            for parameter, _ in shapes(self.weights.spec):
                if parameter.startswith(experts):
                    self.weights(parameter)
        return values

    def wants(self, name: str) -> bool:
        return name in self.selection.stages

    def rows(self, layer: str) -> Index:
        return np.arange(0)

    def slabs(self, prefix: str, attention: Attention, keys: int) -> Iterator[Slab]:
        """No slab; the parameters of a bias, which are read within slabs."""
        stack, ends_here = prefix.partition("layers.")[0], self.last.startswith(prefix)
        if attention.bias is not None and not (ends_here and within_attention(self.last) in (SCORES, SCALED)):
            for parameter in (
                *(prefix + name for name in attention.bias.own),
                *(stack + name for name in attention.bias.parameters),
            ):
                self.weights(parameter)
        if ends_here and entry_of(self.last).in_slabs:
            raise Enough
        return iter(())

    def vocabulary_room(
        self, name: str, start: int, rows: int, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> Array:
        return np.empty(shape, dtype)

    def vocabulary_rows(self, name: str, values: Array, start: int, rows: Index) -> Array:
        return values

    def finish_vocabulary(self) -> None:
        """The matrix of the logits, which are computed some rows at a time."""
        for kind in ("weight", "bias"):
            self.weights(f"head.{kind}")
