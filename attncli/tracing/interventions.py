"""Changing a forward pass: a function may replace the values of any stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from attncli.architecture.spec import Spec
from attncli.errors import AttnError
from attncli.formula.types import Array, Index
from attncli.language import N_
from attncli.stages.aliases import Modules
from attncli.stages.selecting import select

Intervention = Callable[[str, Array, "Index | None", Index], Array]
"""(stage, values, heads, rows) -> the values that the forward goes on with, of the same shape.

`stage` is the full name. `heads` are the heads along the first axis, None for a stage without heads; `rows` are
the positions along the row axis, which is the last but one. A stage may come in several parts, each with some of
the heads and rows: what a function does must depend on `heads` and `rows`, not on the shape. `values` is a copy,
which the function may change and return.
"""


@dataclass(frozen=True)
class Interventions:
    """The functions to apply to each stage, by its full name."""

    functions: Mapping[str, tuple[Intervention, ...]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.functions

    def __call__(self, name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        """The stage as its functions leave it; the same array where it has none. Raises AttnError for values of
        another shape."""
        for function in self.functions.get(name, ()):
            changed = function(name, values.copy(), heads, rows)
            shape = None if changed is None else np.shape(changed)
            if shape != values.shape:
                stage = {"name": name, "shape": list(values.shape)}
                raise AttnError(
                    N_("{name} has shape {shape}, but its intervention returned nothing.", **stage)
                    if shape is None
                    else N_(
                        "{name} has shape {shape}, but its intervention returned shape {found}.",
                        found=list(shape),
                        **stage,
                    ),
                    N_("Return an array of the same shape."),
                )
            # a copy: the forward may write over what it goes on with, and the function may keep what it returned
            values = np.array(changed, dtype=values.dtype)
        return values


NONE = Interventions()


def interventions_on(
    spec: Spec, functions: Mapping[str, Intervention], modules: Modules = lambda: {}
) -> Interventions:
    """The functions by the full names of the stages that they change. A key is a full name, a short name of every
    layer (`weights`), a glob (`layers.*.mlp.output`) or another name (`pattern`); a
    stage that several keys name is changed by each in turn.
    Raises UsageError, with the nearest names, for a key that matches no stage of the model."""
    found: dict[str, tuple[Intervention, ...]] = {}
    for pattern, function in functions.items():
        for name in select(spec, [pattern], None, modules):
            found[name] = (*found.get(name, ()), function)
    return Interventions(found)
