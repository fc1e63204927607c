"""A site: where in the model the forward is. It carries the parameters, the names, the rows and the tap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.architecture.parameters import Weights
from attncli.architecture.spec import Attention, Norm
from attncli.formula.attention import product
from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array, Index
from attncli.tracing.recorder import ForwardTap, Tap
from attncli.tracing.slabs import Slab


@dataclass(frozen=True, eq=False)
class Site:
    """Where the forward is. Every name is relative to `prefix` (`layers.3.attn.`): `s.linear("q", x)` reads the
    parameters layers.3.attn.q.weight and .bias, and `s.stage("q", …)` hands over the stage layers.3.attn.q.

    `rows` are the positions of the rows to compute, and `heads` the heads, if not all: the last layer that is
    needed computes only what was requested.
    """

    weights: Weights
    recorder: ForwardTap
    tap: Tap
    rows: Index
    prefix: str = ""
    stack_prefix: str = ""
    heads: Sequence[int] = ()

    # ------------------------------------------------------------------ moving through the model

    def within(self, name: str, tap: Tap | None = None) -> Site:
        """The site of a part: `s.within("attn")`."""
        return self._moved(f"{self.prefix}{name}.", self.rows, tap or self.tap)

    def layer(self, number: int) -> Site:
        """The site of a layer of the stack, with the rows that it must compute."""
        prefix = f"{self.stack_prefix}layers.{number}."
        return self._moved(prefix, self.recorder.rows(prefix), self.tap)

    @property
    def stack(self) -> Site:
        """The site of the stack."""
        return self._moved(self.stack_prefix, self.rows, self.tap)

    def slab(self, slab: Slab) -> Site:
        """The site of some heads and queries of this attention."""
        return Site(self.weights, self.recorder, slab, slab.rows, self.prefix, self.stack_prefix, slab.heads)

    def _moved(self, prefix: str, rows: Index, tap: Tap) -> Site:
        return Site(self.weights, self.recorder, tap, rows, prefix, self.stack_prefix)

    # ------------------------------------------------------------------ stages

    def stage(self, name: str, values: Array) -> Array:
        """Hands a stage to the tap, and returns what the forward goes on with."""
        return self.tap(self.prefix + name, values, self.rows)

    def wants(self, name: str) -> bool:
        """Whether a stage that the forward itself does not need must be computed."""
        return self.tap.wants(self.prefix + name)

    def changes(self, name: str) -> bool:
        """Whether an intervention changes a stage."""
        return self.prefix + name in self.recorder.interventions

    def slabs(self, attention: Attention, keys: int) -> Iterator[Slab]:
        """The heads and queries of this attention, some at a time."""
        return self.recorder.slabs(self.prefix, attention, keys)

    def computed(self, x: Array) -> Array:
        """The rows that are computed here. `x` [position, …] -> [row, …]."""
        return x if len(self.rows) == len(x) else x[self.rows]

    # ------------------------------------------------------------------ parameters

    def optional(self, name: str) -> Array | None:
        """A parameter, None where the model does not have it."""
        return self.weights(self.prefix + name)

    def parameter(self, name: str) -> Array:
        """A parameter that the model has, by its Spec."""
        value = self.weights(self.prefix + name)
        assert value is not None, self.prefix + name
        return value

    def embedded(self, name: str, ids: Sequence[int] | Index) -> Array:
        """The rows of a table for some ids. [len(ids), d_model]."""
        return self.weights.rows(f"{self.prefix}{name}.weight", ids)

    def linear(self, name: str, x: Array, out: Array | None = None) -> Array:
        """X W + b, or X W where the model has no such bias. [row, in] -> [row, out], written into `out` if
        given."""
        width, parts = self.weights.columns(f"{self.prefix}{name}.weight")
        y = np.empty((len(x), width), x.dtype) if out is None else out
        for columns, matrix in parts:
            product(x, matrix, y[:, columns])
        bias = self.weights(f"{self.prefix}{name}.bias")
        if bias is not None:
            in_pieces(_adding(bias), y)
        return y

    def norm(self, name: str, norm: Norm | None, x: Array) -> Array:
        """The norm with the parameters of that name; x itself without a norm."""
        if norm is None:
            return x
        return norm.apply(x, self.optional(f"{name}.weight"), self.optional(f"{name}.bias"))


def _adding(bias: Array) -> Callable[[Array], Array]:
    return lambda y: np.add(y, bias, out=y)
