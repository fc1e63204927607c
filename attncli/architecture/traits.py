"""The traits of a model and of its layers, in words, read off the Spec.

A field that no rule here knows is shown by its name, so that nothing special is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import partial
from itertools import groupby
from typing import Any

from attncli.architecture.parts import CAUSAL
from attncli.architecture.spec import Attention, Experts, FeedForward, Layer, Mask, Spec, Stack
from attncli.language import N_, in_turn, joined, listed


@dataclass(frozen=True)
class LayerTraits:
    """A layer, in words and sizes. `grouping`: how heads share keys and values. `rotary`: empty without rotary
    positions. `d_ff`: of each expert, in a layer with experts."""

    block: str
    norm: str
    mask: str
    grouping: str
    heads: int
    kv_heads: int
    d_head: int
    rotary: str
    d_ff: int | None
    feed_forward: str
    special: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """The layers of a stack that have the same traits, by number."""

    layers: tuple[int, ...]
    traits: LayerTraits

    @property
    def numbers(self) -> str:
        """layers 0-3,5 for 0, 1, 2, 3 and 5."""
        numbers = ranges(self.layers)
        return (
            N_("layer {numbers}", numbers=numbers)
            if len(self.layers) == 1
            else N_("layers {numbers}", numbers=numbers)
        )


@dataclass(frozen=True)
class StackTraits:
    """A stack, and the kinds of layers that it has, in order of their first layer."""

    name: str
    layers: int
    positions: str
    max_positions: int | None
    kinds: tuple[Kind, ...]

    @property
    def special(self) -> tuple[str, ...]:
        """What is special in every layer."""
        first, *others = (kind.traits.special for kind in self.kinds)
        return tuple(text for text in first if all(text in other for other in others))


@dataclass(frozen=True)
class Traits:
    """A model, in words. `special`: what is unusual about its embedding and head."""

    stacks: tuple[StackTraits, ...]
    special: tuple[str, ...]

    def of(self, trait: str) -> str:
        """A trait of all layers, such as `norm`: its values in order, by stack if the stacks differ."""
        by_stack = {s.name: in_turn(*_distinct(s, trait)) for s in self.stacks}
        if len(set(by_stack.values())) == 1:
            return next(iter(by_stack.values()))
        return in_turn(*(joined(": ", N_(name), said) for name, said in by_stack.items()))

    @property
    def positions(self) -> str:
        """How the model encodes positions, by stack if the stacks differ."""
        return in_turn(*dict.fromkeys(N_(s.positions) for s in self.stacks))

    @property
    def everything_special(self) -> tuple[str, ...]:
        """What is special in the model and in any of its layers."""
        kinds = [kind for stack in self.stacks for kind in stack.kinds]
        return tuple(dict.fromkeys([*self.special, *(s for kind in kinds for s in kind.traits.special)]))


def traits(spec: Spec) -> Traits:
    """The traits of a model."""
    special = [text for stack in spec.stacks for text in _special(stack.embed, EMBED)]
    special += [] if spec.head is None else _special(spec.head, HEAD)
    special += _special(spec, SPEC)
    stacks = tuple(_stack(stack) for stack in spec.stacks)
    return Traits(stacks, tuple(dict.fromkeys(special)))


def _stack(stack: Stack) -> StackTraits:
    kinds: dict[LayerTraits, list[int]] = {}
    for number, layer in enumerate(stack.layers):
        kinds.setdefault(_layer(layer), []).append(number)
    found = tuple(Kind(tuple(numbers), layer) for layer, numbers in kinds.items())
    return StackTraits(stack.name, len(stack.layers), stack.embed.positions, stack.embed.max_positions, found)


def _distinct(stack: StackTraits, trait: str) -> list[str]:
    return list(dict.fromkeys(getattr(kind.traits, trait) for kind in stack.kinds))


def ranges(numbers: tuple[int, ...]) -> str:
    """0-3,5 for 0, 1, 2, 3, 5."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


# ------------------------------------------------------------------ a layer


def _layer(layer: Layer) -> LayerTraits:
    attn, mlp = layer.attn, layer.mlp
    each = mlp.each if isinstance(mlp, Experts) else mlp
    norms = [n.name for n in (layer.attn_norm, layer.mlp_norm, layer.cross_norm) if n is not None]
    special = [*_special(attn, ATTENTION), *_special(layer, LAYER)]
    if layer.cross is not None:
        special += [
            N_("cross-attention: {trait}", trait=text)
            for text in _special(layer.cross, ATTENTION)
            if text not in special
        ]
    if mlp is not None:
        special += _special(mlp, EXPERTS if isinstance(mlp, Experts) else FEED_FORWARD)
    return LayerTraits(
        block=layer.block,
        norm=", ".join(dict.fromkeys(norms)) or N_("none"),
        mask=_mask(attn.mask),
        grouping=_grouping(attn),
        heads=attn.heads,
        kv_heads=attn.kv_heads,
        d_head=attn.d_head,
        rotary=_rotary(attn),
        d_ff=None if each is None else each.size,
        feed_forward=_feed_forward(mlp),
        special=tuple(dict.fromkeys([*_scale(attn), *_head_norms(attn), *special, *_biases(attn, each)])),
    )


def _mask(mask: Mask) -> str:
    if mask.allowed is None:
        return N_("every key")
    return N_("causal") if mask.text == CAUSAL.text else mask.text


def _grouping(attn: Attention) -> str:
    if attn.latent is not None:
        return N_("latent")
    if attn.kv_heads == attn.heads:
        return N_("multi-head")
    return N_("multi-query") if attn.kv_heads == 1 else N_("grouped")


def _rotary(attn: Attention) -> str:
    """Which dimensions are rotated, and how many tokens the slowest rotation takes for a full turn."""
    part = attn.rotary
    if part is None:
        return ""
    turning = [theta for theta in map(float, part.frequencies(1)) if theta > 0]
    facts: list[str] = [N_("{size} of {all} dimensions", size=part.size, all=attn.d_head)]
    if part.start:
        facts = [N_("{size} of {all} dimensions from {start}", size=part.size, all=attn.d_head, start=part.start)]
    if part.interleaved:
        facts.append(N_("neighboring dimensions in pairs"))
    if turning:
        facts.append(N_("wavelengths up to {longest} tokens", longest=f"{2 * math.pi / min(turning):,.0f}"))
    if part.factor != 1:
        facts.append(N_("times {factor}", factor=_number(part.factor)))
    return listed(*facts)


def _feed_forward(part: FeedForward | Experts | None) -> str:
    if part is None:
        return N_("none")
    if isinstance(part, Experts):
        each = _feed_forward(part.each)
        return N_("{each}, {chosen} of {count} experts", each=each, chosen=part.chosen, count=part.count)
    return N_("{activation}, gated", activation=part.activation_name) if part.gated else part.activation_name


def _scale(attn: Attention) -> list[str]:
    if abs(attn.scale * attn.d_head**0.5 - 1) < 1e-9:
        return []
    if attn.scale == 1:
        return [N_("scores are not scaled")]
    return [N_("scores times {factor}, not 1 / √d_k", factor=_number(attn.scale))]


def _biases(attn: Attention, mlp: FeedForward | None) -> list[str]:
    """Which linear maps of a layer have a bias; one word if all have."""
    has = {letter: letter in attn.qkv_bias for letter in "qkv"}
    has |= {N_("output"): attn.output_bias} if attn.output else {}
    has |= {} if mlp is None else {N_("feed-forward"): mlp.bias}
    if all(has.values()):
        return [N_("biases")]
    names = [name for name in has if has[name]]
    return [N_("biases of {names}", names=listed(*names))] if names else []


# ------------------------------------------------------------------ what is special

Rules = Mapping[str, Callable[[Any], str]]
"""A field of a part -> the text for a part where it differs from its default; empty: no text."""


def _special(part: object, rules: Rules) -> list[str]:
    """The texts for the fields of a part that differ from their default."""
    return [text for name in _set(part) if (text := rules.get(name, partial(_as_written, name))(part))]


def _set(part: object) -> Iterator[str]:
    """The fields whose value differs from their default."""
    for f in fields(part):  # type: ignore[arg-type]
        default = f.default if f.default_factory is MISSING else f.default_factory()
        if default is not MISSING and getattr(part, f.name) != default:
            yield f.name


def _as_written(name: str, part: object) -> str:
    """A field that no rule knows: its name, and its value if that is a word or a number. A `_detail` explains
    another field."""
    value, words = getattr(part, name), name.removesuffix("_text").replace("_", " ")
    if name.endswith("_detail"):
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return words
    return f"{words} {_number(value) if isinstance(value, float) else value}"


def _number(x: float) -> str:
    return f"{x:.6g}"


OVER = {
    "head": N_("each head"),
    "heads": N_("each head with its own weights"),
    "all": N_("all heads as one"),
}


def _head_norms(attn: Attention) -> list[str]:
    """The norms of queries and keys, in one text if they are the same."""
    norms = {letter: part for letter, part in (("q", attn.q_norm), ("k", attn.k_norm)) if part is not None}
    said: dict[tuple[str, str], list[str]] = {}
    for letter, part in norms.items():
        said.setdefault((part.norm.name, part.over), []).append(letter)
    return [
        N_(
            "{norm} of {letters}, {over}",
            norm=norm,
            letters=N_("q and k") if len(letters) == 2 else letters[0],
            over=OVER[over],
        )
        for (norm, over), letters in said.items()
    ]


def _latent(attn: Attention) -> str:
    assert attn.latent is not None
    facts = [N_("keys and values through {rank} dimensions", rank=attn.latent.rank)]
    if attn.latent.query_rank is not None:
        facts.append(N_("queries through {rank}", rank=attn.latent.query_rank))
    if attn.latent.bias:
        facts.append(N_("with biases"))
    return listed(*facts)


def _bias(attn: Attention) -> str:
    assert attn.bias is not None
    return N_("position bias {formula}", formula=attn.bias.text.removeprefix("B = "))


ATTENTION: Rules = {
    "d_value": lambda a: N_("value size {size}", size=a.d_value) if a.value_size != a.d_head else "",
    "qkv_bias": lambda a: "",  # said with the other biases
    "output": lambda a: N_("no output projection"),
    "output_bias": lambda a: "",
    "clip": lambda a: N_("q, k, v clipped at ±{limit}", limit=_number(a.clip)),
    "latent": _latent,
    "q_norm": lambda a: "",  # said with the norm of k
    "k_norm": lambda a: "",
    "rotary": lambda a: "",  # a separate trait
    "bias": _bias,
    "cap": lambda a: N_("scores capped at {cap}", cap=_number(a.cap)),
    "sinks": lambda a: N_("sinks"),
}
FEED_FORWARD: Rules = {
    "gated": lambda f: "",  # said with the activation
    "bias": lambda f: "",  # said with the other biases
    "combine": lambda f: "",  # said by its text
    "combine_text": lambda f: N_("gate and hidden units combined as {formula}", formula=f.combine_text),
}
EXPERTS: Rules = {
    "router_bias": lambda e: N_("router bias"),
    "choice_bias": lambda e: N_("bias in the choice of experts"),
    "shared": lambda e: N_("a shared expert of {size}", size=e.shared.size),
    "shared_gate": lambda e: N_("gated shared expert"),
}
LAYER: Rules = {
    "mlp": lambda b: "",  # a separate trait
    "cross": lambda b: N_("cross-attention"),
    "attn_norm": lambda b: "",  # `norm`
    "cross_norm": lambda b: "",
    "mlp_norm": lambda b: N_("separate norm for the feed-forward") if b.block == "parallel" else "",
    "attn_output_norm": lambda b: N_("{norm} of the attention output", norm=b.attn_output_norm.name),
    "mlp_output_norm": lambda b: N_("{norm} of the feed-forward output", norm=b.mlp_output_norm.name),
    "residual_scale": lambda b: N_(
        "attention and feed-forward outputs times {factor}", factor=_number(b.residual_scale)
    ),
}
EMBED: Rules = {
    "max_positions": lambda e: "",  # a separate trait
    "rows": lambda e: "",
    "position_of": lambda e: "",
    "table": lambda e: "",
    "scale": lambda e: N_("embedding times {factor}", factor=_number(e.scale)),
    "pairs": lambda e: N_("pairs"),
    "vocab": lambda e: N_("vocab {count}", count=e.vocab),
    "position_text": lambda e: N_("position {formula}", formula=e.position_text),
    "table_text": lambda e: N_("table {formula}", formula=e.table_text),
    "types": lambda e: N_("{count} token types", count=e.types),
    "norm": lambda e: N_("{norm} of the embedding", norm=e.norm.name),
    "project": lambda e: N_("embedding of {size}, projected", size=e.size),
    "project_bias": lambda e: N_("embedding projection with bias"),
}
SPEC: Rules = {
    "head": lambda s: "",  # said by its own fields
    "start": lambda s: N_("the decoder starts with id {id}", id=s.start),
    "speaks_language": lambda s: N_("decoder text begins with a language code"),
}
HEAD: Rules = {
    "bias": lambda h: N_("head bias"),
    "transform": lambda h: N_("masked-word head"),
    "project": lambda h: N_("head projected to the embedding's size"),
    "project_bias": lambda h: N_("head projection with bias"),
    "scale": lambda h: N_("final state times {factor}", factor=_number(h.scale)),
    "logit_scale": lambda h: N_("logits times {factor}", factor=_number(h.logit_scale)),
    "cap": lambda h: N_("logits capped at {cap}", cap=_number(h.cap)),
}
