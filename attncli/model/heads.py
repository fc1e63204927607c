"""Heads as a user names them: by number (`1`, `0,2-3`, `-1`, `all`, `*`), or with their layer (`2.1`, `2.*`)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, alternatives
from attncli.language import N_, Message
from attncli.model.indices import from_the_end, indices, layers_of, one_by_one, written
from attncli.model.request import Indices, Scope
from attncli.stages import HEAD_AXES, entry_of
from attncli.stages.names import split
from attncli.stages.selecting import head_counts
from attncli.tracing.selection import Heads

EVERY = (None, "all", "*")


def heads_asked(scope: Scope) -> Indices | None:
    """The heads that a request names, None for all. `--layer 2.1` names a head too. Raises UsageError where heads
    are named twice."""
    if not _with_layers(scope.layers):
        return scope.heads
    if scope.heads in EVERY:
        return scope.layers
    raise UsageError(
        N_("--layer {layers} and --head {heads} both name heads.", layers=scope.layers, heads=_text(scope.heads)),
        N_("Give one of the two, as in --head 2.1 for head 1 of layer 2."),
    )


def layers_asked(scope: Scope) -> Indices | None:
    """The layers that a request names, by themselves or with its heads; None where it names none. Raises
    UsageError where the two differ."""
    heads = heads_asked(scope)
    if not _with_layers(heads):
        return scope.layers
    assert isinstance(heads, str)
    named = ",".join(layer for layer, _ in _pairs(heads))
    if scope.layers in EVERY or _with_layers(scope.layers):
        return named
    raise UsageError(
        N_("--head {heads} names its layers, and --layer {layers} is given too.",
           heads=heads, layers=_text(scope.layers)),
        N_("Leave out --layer."),
    )  # fmt: skip


def heads_of(spec: Spec, stages: Sequence[str], asked: Indices | None) -> Heads:
    """The requested heads of some stages, which every one of these must have; None: all. Heads that are named with
    their layer are those of each layer, by its stack and number.

    Raises UsageError for a head that a stage does not have, and for one counted from the end where the stages have
    different numbers.
    """
    if asked in EVERY:
        return None
    if _with_layers(asked):
        assert isinstance(asked, str)
        chosen = _by_layer(spec, asked)
        _check_layers(stages, asked, chosen)
        return chosen
    assert asked is not None
    counts = head_counts(spec, stages)
    if len(counts) > 1 and any(map(from_the_end, one_by_one(asked))):
        listed = alternatives(map(str, counts))
        raise UsageError(
            N_("--head {asked}: the selected stages have {listed} heads.", asked=written(asked), listed=listed),
            N_("Count from 0, or ask for all."),
        )
    heads = indices(asked, counts[0], "head")
    return None if len(heads) == counts[-1] else heads


def _by_layer(spec: Spec, asked: str) -> Mapping[tuple[str, int], tuple[int, ...]]:
    chosen: dict[tuple[str, int], set[int]] = {}
    for layer_text, head_text in _pairs(asked):
        for prefix, layers in layers_of(spec, layer_text).items():
            for layer in layers:
                part = spec.stack(prefix).layers[layer]
                count = min(attention.heads for attention in (part.attn, part.cross) if attention is not None)
                heads = indices(head_text, count, "head", _of_layer(layer))
                chosen.setdefault((prefix.removesuffix("."), layer), set()).update(heads)
    return {place: tuple(sorted(heads)) for place, heads in chosen.items()}


def _check_layers(stages: Sequence[str], asked: str, chosen: Container[tuple[str, int]]) -> None:
    """Raises UsageError for a stage with heads in a layer of which no head is named."""
    for name in stages:
        stack, layer, _ = split(name)
        if layer is not None and entry_of(name).axes[0] in HEAD_AXES and (stack, layer) not in chosen:
            raise UsageError(
                N_(
                    "--head {asked} names no head of layer {layer}, where {name} is.",
                    asked=asked,
                    layer=layer,
                    name=name,
                ),
                N_("Name one of its heads too, or leave out that stage."),
            )


def _of_layer(layer: int) -> Message:
    return N_("of layer {layer}", layer=layer)


def _pairs(asked: str) -> list[tuple[str, str]]:
    """("2", "1") for each item of a list such as `2.1,3.0`. Raises UsageError for an item without a layer."""
    pairs = []
    for text in asked.split(","):
        layer, dot, head = text.strip().partition(".")
        if not (layer and dot and head):
            raise UsageError(
                N_("--head {asked!r}: {text!r} names no layer, and others do.", asked=asked, text=text.strip())
                if asked != text
                else N_("--head {asked!r} is not a layer and a head.", asked=asked),
                N_("Write each head as LAYER.HEAD, as in --head 2.1,3.0 or --head '2.*'."),
            )
        pairs.append((layer, head))
    return pairs


def _with_layers(asked: Indices | None) -> bool:
    return isinstance(asked, str) and "." in asked and ".." not in asked  # 0..3 is a range of other languages


def _text(asked: Indices | None) -> str:
    return "" if asked is None else written(asked)
