"""Selecting stages: by name, by glob, or by the name that TransformerLens gives them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, nearest
from attncli.language import N_
from attncli.stages import HEAD_AXES, ON_REQUEST, attention_of, entry_of, layer_of, offered, relative, stack_of
from attncli.stages.names import ATTENTIONS, HEADS, SELF

Layers = Sequence[int] | Mapping[str, Collection[int]]
"""Layer numbers for every stack, or for each by its prefix."""

TRANSFORMER_LENS = {
    "hook_embed": ("embed.tokens",),
    "hook_pos_embed": ("embed.positions",),
    "hook_resid_mid": ("resid.mid",),
    "hook_resid_post": ("resid.out",),
    "hook_attn_in": ("attn.input",),
    "ln1.hook_normalized": ("attn.input",),
    "attn.hook_q": ("attn.q",),
    "attn.hook_k": ("attn.k",),
    "attn.hook_v": ("attn.v",),
    "attn.hook_rot_q": ("attn.q_rotated",),
    "attn.hook_rot_k": ("attn.k_rotated",),
    "attn.hook_attn_scores": ("attn.masked",),
    "attn.hook_pattern": ("attn.weights",),
    "attn.hook_z": ("attn.mixed",),
    "attn.hook_result": ("attn.heads",),
    "hook_attn_out": ("attn.output",),
    "hook_cross_attn_in": ("cross.input",),
    "hook_cross_attn_out": ("cross.output",),
    "hook_resid_mid_cross": ("resid.cross",),
    "ln2.hook_normalized": ("mlp.input",),
    "hook_mlp_in": ("mlp.input",),
    "mlp.hook_pre": ("mlp.gate", "mlp.hidden"),
    "mlp.hook_pre_linear": ("mlp.hidden",),
    "mlp.hook_post": ("mlp.activated",),
    "hook_mlp_out": ("mlp.output",),
    "ln_final.hook_normalized": ("final",),
    "hook_logits": ("logits",),
}
"""TransformerLens' name -> our names; the first that the model has is meant."""


def attention_stages(spec: Spec, layers: Layers, embedding: bool = False) -> list[str]:
    """The default view: from the embedding (with the first layer, or if `embedding`) to the attention output."""
    return [
        name
        for name in _default(spec)
        if (relative(name).startswith("embed") and (embedding or 0 in _of_stack(spec, name, layers)))
        or (layer_of(name) in _of_stack(spec, name, layers) and relative(name).startswith(ATTENTIONS))
    ]


def _of_stack(spec: Spec, name: str, layers: Layers) -> Collection[int]:
    """The chosen layers of a stage's stack."""
    return layers[stack_of(spec, name).prefix] if isinstance(layers, Mapping) else layers


def head_counts(spec: Spec, stages: Iterable[str]) -> list[int]:
    """How many heads the attentions of these stages have; several numbers if the attentions differ."""
    with_heads = (name for name in stages if entry_of(name).axes[0] in HEAD_AXES)
    return sorted({attention_of(spec, name).heads for name in with_heads}) or [spec.heads]


def _default(spec: Spec) -> list[str]:
    return [name for name in offered(spec) if relative(name) not in ON_REQUEST]


def select(spec: Spec, patterns: Iterable[str], layers: Layers | None) -> list[str]:
    """The full names of the stages that match, in the order of computation.

    A pattern is a full name or glob (`layers.3.attn.q`, `layers.*.attn.weights`), a name within a layer
    (`attn.weights`, or just `weights`; `decoder.attn.weights` for one stack), `all`, or a TransformerLens name.
    Names within a layer are looked for in the chosen `layers` (None: all). Raises UsageError for a pattern that
    matches nothing.
    """
    everything, default = offered(spec), _default(spec)
    chosen = range(spec.layers) if layers is None else layers
    wanted: set[str] = set()
    for pattern in patterns:
        ours = "*" if pattern == "all" else _translated(spec, pattern)
        names = everything if HEADS in ours else default
        if "layers." in ours:
            matched = {name for name in names if fnmatchcase(name, ours)}
        else:
            in_any_layer = [name for name in names if _called(name, ours)]
            matched = {
                name
                for name in in_any_layer
                if (layer := layer_of(name)) is None or layer in _of_stack(spec, name, chosen)
            }
        if not matched:
            raise _no_match(spec, pattern, {layer_of(n) for n in names if _called(n, ours)})
        wanted |= matched
    return [name for name in everything if name in wanted]


@lru_cache(maxsize=1 << 16)
def _short_names(name: str) -> list[str]:
    """The names of a stage within its layer: attn.weights, weights, decoder.attn.weights."""
    short = relative(name)
    side = name.split(".", 1)[0]
    return [
        short,
        *([short.removeprefix(f"{SELF}.")] if short.startswith(f"{SELF}.") else []),
        *([f"{side}.{short}"] if side in ("encoder", "decoder") else []),
    ]


@lru_cache(maxsize=1 << 10)
def _is_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[")


def _called(name: str, pattern: str) -> bool:
    """Whether a pattern matches a short name of a stage."""
    if not _is_glob(pattern):
        return pattern in _short_names(name)
    return any(fnmatchcase(short, pattern) for short in _short_names(name))


def _translated(spec: Spec, pattern: str) -> str:
    """Our pattern for a name of TransformerLens; any other name as it is."""
    match = re.fullmatch(r"(?s:(?:(blocks|encoder|decoder)\.([^.]+)\.)?(.*))", pattern)
    assert match is not None
    side, layer, rest = match[1], match[2], match[3]
    prefix = "" if side in (None, "blocks") else f"{side}."
    at = "" if side is None else f"{prefix}layers.{layer}."
    if rest == "hook_resid_pre" and side is not None:  # the output of the layer before
        before = int(layer) - 1 if re.fullmatch(r"\d{1,18}", layer) else layer
        return prefix + ("embed" if before == -1 else f"layers.{before}.resid.out")
    crossed = rest.startswith("cross_attn.")
    for ours in TRANSFORMER_LENS.get(rest.replace("cross_attn.", "attn."), ()):
        name = ours.replace("attn.", "cross.") if crossed else ours
        if any(relative(known) == name for known in offered(spec)):
            return at + name if "." in name else name
    return at + rest if side == "blocks" else pattern


def _no_match(spec: Spec, pattern: str, elsewhere: set[int | None]) -> UsageError:
    """`elsewhere`: the layers that have the stage but were not selected."""
    if elsewhere:
        listed = ", ".join(str(layer) for layer in sorted(layer for layer in elsewhere if layer is not None))
        return UsageError(
            N_("{pattern!r} is not in the selected layers, but in {listed}.", pattern=pattern, listed=listed),
            N_("Try --layer all."),
        )
    layer = layer_of(pattern.replace("blocks.", "layers."))
    if layer is not None and layer >= spec.layers:
        return UsageError(
            N_(
                "no stage {pattern!r}: the model has {layers} layers, 0 to {last}.",
                pattern=pattern,
                layers=spec.layers,
                last=spec.layers - 1,
            )
        )
    known = dict.fromkeys(relative(name) for name in offered(spec))
    within = re.sub(r"^((encoder|decoder)\.)?(layers|blocks)\.[^.]+\.", "", pattern)
    return UsageError(
        N_("no stage matches {pattern!r} in this {family} model.", pattern=pattern, family=spec.family),
        nearest(within, known),
    )
