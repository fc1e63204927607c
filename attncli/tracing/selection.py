"""Which stages, heads and rows to keep of a forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attncli.errors import UsageError
from attncli.language import N_
from attncli.stages.names import split

Heads = tuple[int, ...] | Mapping[tuple[str, int], tuple[int, ...]] | None
"""Heads in ascending order: of every layer, or of each layer by its stack and number; None: all."""


@dataclass(frozen=True)
class Selection:
    """What to keep of a forward pass.

    `stages`: full names, in the order of computation. `heads` and `queries`: the heads and the query rows to keep,
    in ascending order; None: all. `encoder_queries`: the rows of an encoder's stages, where the model has one;
    `queries` are then the decoder's. `given`: those of the stages that the others are computed from, without being
    computed from any of them; see `attncli.stages.chain`. Raises UsageError where a list of what to keep is empty.
    """

    stages: tuple[str, ...]
    heads: Heads = None
    queries: tuple[int, ...] | None = None
    encoder_queries: tuple[int, ...] | None = None
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for field in ("stages", "heads", "queries", "encoder_queries"):
            if getattr(self, field) in ((), {}):
                raise UsageError(N_("{field} is empty: there is nothing to compute.", field=field))

    def heads_in(self, stage: str) -> tuple[int, ...] | None:
        """The heads to keep of a stage, by its name or the beginning of its name; None: all."""
        if not isinstance(self.heads, Mapping):
            return self.heads
        stack, layer, _ = split(stage)
        return None if layer is None else self.heads.get((stack, layer))

    def rows(self, stage: str) -> tuple[int, ...] | None:
        """The query rows to keep of a stage, by its name or the beginning of its name."""
        return self.encoder_queries if stage.startswith("encoder.") else self.queries
