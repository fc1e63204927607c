"""The whole catalogue, and the full names of its stages in a model, such as `layers.3.attn.q`."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from attncli.architecture.spec import Attention, Layer, Spec, Stack
from attncli.stages.attention import ATTENTION
from attncli.stages.block import AFTER_ATTENTION, AFTER_CROSS, crossed
from attncli.stages.embedding import EMBED
from attncli.stages.ending import END, FINAL
from attncli.stages.entries import Entry, Place, Test


def _under(prefix: str, entries: tuple[Entry, ...], when: Test) -> tuple[Entry, ...]:
    """Entries by their name in the layer, there where both tests say so."""

    def both(own: Test) -> Test:
        return lambda p: when(p) and own(p)

    return tuple(replace(entry, name=prefix + entry.name, when=both(entry.when)) for entry in entries)


IN_LAYER = (
    *_under("attn.", ATTENTION, lambda p: True),
    *AFTER_ATTENTION,
    *_under("cross.", tuple(replace(e, symbol="N_c") if e.name == "input" else e for e in ATTENTION), crossed),
    *AFTER_CROSS,
)
"""In the order of computation; which of them a layer has, its parts say."""
CATALOGUE = {entry.name: entry for entry in (*EMBED, *IN_LAYER, *FINAL, *END)}
ON_REQUEST = frozenset({"attn.heads", "cross.heads"})


def relative(name: str) -> str:
    """attn.q for `decoder.layers.3.attn.q`; a name outside the layers without its stack."""
    parts = name.split(".")
    if parts[0] in ("encoder", "decoder"):
        parts = parts[1:]
    return ".".join(parts[2:] if parts[0] == "layers" else parts)


def entry_of(name: str) -> Entry:
    """The catalogue's line for a full stage name such as `layers.3.attn.q`."""
    return CATALOGUE[relative(name)]


def layer_of(name: str) -> int | None:
    """3 for `layers.3.attn.q`, None for a stage outside the layers."""
    parts = name.split(".")
    if parts[0] in ("encoder", "decoder"):
        parts = parts[1:]
    numbered = len(parts) > 2 and parts[0] == "layers" and parts[1].isdecimal() and len(parts[1]) < 10
    return int(parts[1]) if numbered else None


def stack_of(spec: Spec, name: str) -> Stack:
    """The stack that a stage belongs to; the last one for logits and probs."""
    side = name.split(".", 1)[0]
    return next((s for s in spec.stacks if s.name == side), spec.main)


def place_of(spec: Spec, name: str) -> Place:
    """What the formula of a stage looks at."""
    stack = stack_of(spec, name)
    return _place(spec, stack, stack.layers[layer_of(name) or 0], relative(name).startswith("cross."))


def _place(spec: Spec, stack: Stack, layer: Layer, cross: bool) -> Place:
    return Place(spec, stack, layer, layer.cross if cross and layer.cross else layer.attn, cross)


def attention_of(spec: Spec, name: str) -> Attention:
    """The attention that a stage belongs to."""
    return place_of(spec, name).attn


def last_layer(spec: Spec, name: str) -> str:
    """The beginning of the stages of the last layer that must be computed for a stage; empty where none must."""
    stack, layer = stack_of(spec, name), layer_of(name)
    if layer is None:
        if relative(name).startswith("embed"):
            return ""
        layer = len(stack.layers) - 1
    return f"{stack.prefix}layers.{layer}."


@lru_cache(maxsize=8)
def offered(spec: Spec) -> tuple[str, ...]:
    """Every stage this model has, in the order of computation."""
    names: list[str] = []
    for stack in spec.stacks:
        first = _place(spec, stack, stack.layers[0], False)
        names += [stack.prefix + e.name for e in EMBED if e.when(first)]
        for number, layer in enumerate(stack.layers):
            places = [_place(spec, stack, layer, cross) for cross in (False, True)]
            at = f"{stack.prefix}layers.{number}."
            names += [at + e.name for e in IN_LAYER if e.when(places[e.name.startswith("cross.")])]
        names += [stack.prefix + e.name for e in FINAL if e.when(first)]
    last = _place(spec, spec.main, spec.main.layers[-1], False)
    return (*names, *(e.name for e in END if e.when(last)))
