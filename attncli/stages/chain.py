"""The stages that are shown by default: a chain, each computed from those before it and the weights."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from attncli.architecture.spec import Spec, Stack
from attncli.language import N_
from attncli.stages.catalogue import offered
from attncli.stages.entries import ENCODED, NORMED_FIRST
from attncli.stages.names import ATTENTIONS, CROSS, FINAL, ON_REQUEST, SELF, layer_of, relative

OUT, MID, MID_SUM = "resid.out", "resid.mid", "resid.mid_sum"


@dataclass(frozen=True)
class Chain:
    """Full names of stages, in the order of computation. `given`: those that the others start from, whose own
    inputs are not among them."""

    stages: tuple[str, ...]
    given: frozenset[str]


def attention_chain(spec: Spec, layers: Mapping[str, Collection[int]]) -> Chain:
    """The attentions of the chosen `layers` (of each stack, by its prefix), and what they are computed from: the
    embedding for the first layer, for any other what the layer before it left."""
    wanted = {
        name for stack in spec.stacks for number in layers[stack.prefix] for name in _of_layer(spec, stack, number)
    }
    stages = tuple(name for name in offered(spec) if name in wanted)
    return Chain(stages, frozenset(name for name in stages if relative(name) in (OUT, FINAL)))


def _of_layer(spec: Spec, stack: Stack, number: int) -> Iterator[str]:
    """The attentions of a layer and what they are computed from; names of stages that the model does not have may
    be among them."""
    layer, at = stack.layers[number], f"{stack.prefix}layers.{number}."
    if number == 0:
        yield from (name for name in offered(spec) if name.startswith(f"{stack.prefix}embed"))
    else:
        yield f"{stack.prefix}layers.{number - 1}.{OUT}"
    # where nothing is normalized first, Q, K and V read X (or R) itself, and the input would show it once more
    unused = set() if layer.block in NORMED_FIRST else {f"{SELF}.input", f"{CROSS}.input"}
    for name in offered(spec):
        short = relative(name)
        if name.startswith(at) and short.startswith(ATTENTIONS) and short not in ON_REQUEST | unused:
            yield name
    if layer.cross is not None and spec.encoder is not None:
        yield from (f"{at}{MID_SUM}", f"{at}{MID}", f"{spec.encoder.prefix}{FINAL}")


def given_texts(name: str) -> tuple[str, str]:
    """The symbol of a given stage in the formulas that read it, and what it means there."""
    if relative(name) == FINAL:
        return ENCODED, N_("as the encoder left it: what the cross-attention reads")
    layer = layer_of(name)
    assert layer is not None
    return "X", N_("as layer {layer} left it: the input of layer {next}", layer=layer, next=layer + 1)
