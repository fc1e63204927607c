"""The maps that a Request asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from attncli.errors import UsageError
from attncli.formula.pooling import How
from attncli.formula.types import Array
from attncli.insights.mapping import compute_maps, map_stages, plan_maps
from attncli.insights.maps import MapSection, in_order
from attncli.language import N_
from attncli.model.heads import layers_asked
from attncli.model.indices import layers_of, positions_of
from attncli.model.modules import modules_of
from attncli.model.pipeline import Prepared, selection_of, side_of
from attncli.model.request import is_count
from attncli.stages import relative
from attncli.stages.names import SELF, WEIGHTS
from attncli.text.tokens import Tokens
from attncli.tracing.selection import Selection


def map_selection(prepared: Prepared, sort: str) -> Selection:
    """What to draw: the stages that the request names, or the weights of every attention. Raises UsageError for a
    stage without queries and keys, and for a `sort` by weights that are not selected.
    """
    scope, spec = prepared.request.scope, prepared.model.spec
    layers = layers_of(spec, layers_asked(scope) or "all")
    stages = map_stages(spec, scope.stages or (), layers, lambda: modules_of(prepared.model))
    if sort != "layer" and not any(relative(name) == f"{SELF}.{WEIGHTS}" for name in stages):
        raise UsageError(
            N_("--sort {sort} needs the weights of self-attention, which are not selected.", sort=sort),
            N_("Use --stage attn.weights, or leave out --sort."),
        )
    return selection_of(prepared, stages)


def overview_selection(prepared: Prepared) -> Selection:
    """The weights whose heads an overview scores: those of self-attention, or the stages that the request names.
    Raises UsageError for other stages, and for keys: scores are of whole rows."""
    scope = prepared.request.scope
    if scope.keys is not None:
        raise UsageError(N_("--key does not go with --overview: a head's scores are about all keys."))
    stages = map_stages(
        prepared.model.spec,
        scope.stages or (f"{SELF}.{WEIGHTS}",),
        layers_of(prepared.model.spec, "all" if scope.layers is None else scope.layers),
    )
    for name in stages:
        if relative(name) != f"{SELF}.{WEIGHTS}":
            raise UsageError(
                N_("--overview shows the weights of self-attention, and {name} is another stage.", name=name),
                N_("attn map without --overview draws it."),
            )
    selection = selection_of(prepared, stages)
    chosen = {heads if heads is None else tuple(heads) for heads in map(selection.heads_in, stages)}
    if len(chosen) > 1:
        raise UsageError(
            N_("--overview shows the same heads of every layer, and --head names others in each."),
            N_("Use --layer and --head with numbers alone, or leave out --overview."),
        )
    return selection


def planned_maps(prepared: Prepared, selection: Selection, how: How) -> list[MapSection]:
    """The sections of the maps to come, without values yet, and not pooled."""
    return plan_maps(prepared.model.spec, prepared.head, selection, _keys_of(prepared), how)


def pooled_to(sections: Sequence[MapSection], most: int | None) -> list[MapSection]:
    """The planned sections with at most `most` cells along each side; None: a cell for each number. Raises
    UsageError for a number below 1."""
    if most is None:
        return list(sections)
    if not is_count(most):
        raise UsageError(N_("pool {most!r}: give the number of cells along each side, 1 at least.", most=most))

    return [
        replace(section, rows=section.rows.pooled(most), columns=section.columns.pooled(most))
        for section in sections
    ]


def _keys_of(prepared: Prepared) -> Callable[[str, Tokens | None], Sequence[int] | None]:
    """Which keys the request means, of the tokens along the keys of a stage; None: all."""
    asked = prepared.request.scope.keys

    def keys(name: str, tokens: Tokens | None) -> Sequence[int] | None:
        if asked is None or tokens is None:
            return None
        return positions_of(asked, tokens, "key", side_of(prepared, tokens))

    return keys


def maps_of(
    prepared: Prepared,
    selection: Selection,
    sections: Sequence[MapSection],
    sort: str = "layer",
    progress: Callable[[float], None] = lambda fraction: None,
    on_values: Callable[[str, Array], None] = lambda name, values: None,
) -> tuple[MapSection, ...]:
    """Runs the model and gives the planned sections with their maps, sorted. `on_values` is called with each part
    of a stage as it is computed."""
    finished = compute_maps(
        prepared.model, prepared.tokens, prepared.target, selection, sections, progress, on_values
    )
    return tuple(in_order(section, sort) for section in finished)
