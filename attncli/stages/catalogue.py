"""The whole catalogue: every stage in the order of computation, and which of them a model has."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from attncli.architecture.spec import Attention, Layer, Spec, Stack
from attncli.stages.attention import ATTENTION
from attncli.stages.block import AFTER_ATTENTION, AFTER_CROSS, crossed
from attncli.stages.embedding import EMBED
from attncli.stages.ending import END, FINAL
from attncli.stages.entries import Context, Entry, Test
from attncli.stages.names import CROSS, SELF, is_cross, layer_of, relative


def _under(prefix: str, entries: tuple[Entry, ...], when: Test) -> tuple[Entry, ...]:
    """Entries under their name in the layer; a layer has them where both tests hold."""

    def both(own: Test) -> Test:
        return lambda p: when(p) and own(p)

    return tuple(replace(entry, name=prefix + entry.name, when=both(entry.when)) for entry in entries)


IN_LAYER = (
    *_under(f"{SELF}.", ATTENTION, lambda p: True),
    *AFTER_ATTENTION,
    *_under(f"{CROSS}.", tuple(replace(e, symbol="N_c") if e.name == "input" else e for e in ATTENTION), crossed),
    *AFTER_CROSS,
)
"""In the order of computation. A layer has those whose test holds."""
CATALOGUE = {entry.name: entry for entry in (*EMBED, *IN_LAYER, *FINAL, *END)}


def entry_of(name: str) -> Entry:
    """The catalogue's entry for a full stage name such as `layers.3.attn.q`."""
    return CATALOGUE[relative(name)]


def stack_of(spec: Spec, name: str) -> Stack:
    """The stack that a stage belongs to; the last one for logits and probs."""
    side = name.split(".", 1)[0]
    return next((s for s in spec.stacks if s.name == side), spec.main)


def context_of(spec: Spec, name: str) -> Context:
    """What the texts of a stage depend on."""
    stack = stack_of(spec, name)
    return _context(spec, stack, stack.layers[layer_of(name) or 0], is_cross(name))


def _context(spec: Spec, stack: Stack, layer: Layer, cross: bool) -> Context:
    return Context(spec, stack, layer, layer.cross if cross and layer.cross else layer.attn, cross)


def attention_of(spec: Spec, name: str) -> Attention:
    """The attention that a stage belongs to."""
    return context_of(spec, name).attn


def last_layer(spec: Spec, name: str) -> str:
    """The prefix of the last layer that a stage needs; empty if it needs none."""
    stack, layer = stack_of(spec, name), layer_of(name)
    if layer is None:
        if relative(name).startswith("embed"):
            return ""
        layer = len(stack.layers) - 1
    return f"{stack.prefix}layers.{layer}."


@lru_cache(maxsize=8)
def offered(spec: Spec) -> tuple[str, ...]:
    """Every stage that a model has, in the order of computation."""
    names: list[str] = []
    for stack in spec.stacks:
        first = _context(spec, stack, stack.layers[0], False)
        names += [stack.prefix + e.name for e in EMBED if e.when(first)]
        for number, layer in enumerate(stack.layers):
            places = [_context(spec, stack, layer, cross) for cross in (False, True)]
            at = f"{stack.prefix}layers.{number}."
            names += [at + e.name for e in IN_LAYER if e.when(places[e.name.startswith(f"{CROSS}.")])]
        names += [stack.prefix + e.name for e in FINAL if e.when(first)]
    last = _context(spec, spec.main, spec.main.layers[-1], False)
    return (*names, *(e.name for e in END if e.when(last)))
