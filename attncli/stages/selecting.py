"""Selecting stages: by name, by glob, or by what other tools and people call them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, nearest
from attncli.language import N_
from attncli.stages import HEAD_AXES, ON_REQUEST, attention_of, entry_of, layer_of, offered, relative, stack_of
from attncli.stages.aliases import LLAMA_CPP, TRANSFORMER_LENS, WORDS, Modules, translations
from attncli.stages.names import HEADS, SELF

Layers = Sequence[int] | Mapping[str, Collection[int]]
"""Layer numbers for every stack, or for each by its prefix."""


def _of_stack(spec: Spec, name: str, layers: Layers) -> Collection[int]:
    """The chosen layers of a stage's stack."""
    return layers[stack_of(spec, name).prefix] if isinstance(layers, Mapping) else layers


def head_counts(spec: Spec, stages: Iterable[str]) -> list[int]:
    """How many heads the attentions of these stages have; several numbers if the attentions differ."""
    with_heads = (name for name in stages if entry_of(name).axes[0] in HEAD_AXES)
    return sorted({attention_of(spec, name).heads for name in with_heads}) or [spec.heads]


def _default(spec: Spec) -> list[str]:
    return [name for name in offered(spec) if relative(name) not in ON_REQUEST]


def select(spec: Spec, patterns: Iterable[str], layers: Layers | None, modules: Modules = lambda: {}) -> list[str]:
    """The full names of the stages that match, in the order of computation.

    A pattern is a full name or glob (`layers.3.attn.q`, `layers.*.attn.weights`), a name within a layer
    (`attn.weights`, or just `weights`; `decoder.attn.weights` for one stack), `all`, or another name of a stage:
    that of TransformerLens, llama.cpp, `transformers` (by its `modules`), a symbol or a word
    (`attncli.stages.aliases`). Names within a layer are looked for in the chosen `layers` (None: all). Raises
    UsageError for a pattern that matches nothing.
    """
    chosen = range(spec.layers) if layers is None else layers
    wanted: set[str] = set()
    for pattern in patterns:
        ours = ["*" if pattern == "all" else pattern]
        matched, elsewhere = _matching(spec, ours, chosen)
        if not matched and not elsewhere:
            ours = translations(spec, pattern, modules)
            matched, elsewhere = _matching(spec, ours, chosen)
        if not matched:
            raise _no_match(spec, pattern, {layer_of(name) for name in elsewhere})
        wanted |= matched
    return [name for name in offered(spec) if name in wanted]


def _matching(spec: Spec, patterns: Iterable[str], chosen: Layers) -> tuple[set[str], set[str]]:
    """The stages that patterns of ours match in the chosen layers, and those that they match elsewhere."""
    matched, elsewhere = set[str](), set[str]()
    for pattern in patterns:
        names = offered(spec) if HEADS in pattern else _default(spec)
        if "layers." in pattern:
            matched |= {name for name in names if fnmatchcase(name, pattern)}
            continue
        for name in names:
            if _called(name, pattern):
                layer = layer_of(name)
                inside = layer is None or layer in _of_stack(spec, name, chosen)
                (matched if inside else elsewhere).add(name)
    return matched, elsewhere


@lru_cache(maxsize=1 << 16)
def short_names(name: str) -> list[str]:
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
        return pattern in short_names(name)
    return any(fnmatchcase(short, pattern) for short in short_names(name))


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
        nearest(within, known, [*WORDS, *TRANSFORMER_LENS, *LLAMA_CPP]),
    )
