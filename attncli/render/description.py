"""A Description of a checkpoint: as a JSON document, and as facts for people, a line each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from attncli.architecture.traits import Kind, LayerTraits, StackTraits, Traits, ranges
from attncli.model.describing import Description, Fit
from attncli.text.language import N_, joined
from attncli.version import __version__

NAMES = 8
"""How many names of missing and left-over tensors people are shown, unless they ask for all."""


def document(d: Description) -> dict[str, Any]:
    """As in attncli/schemas/model-1.json."""
    traits, fit = d.traits, d.fit
    return {
        "schema": "attn.model/1",
        "version": __version__,
        "name": d.name,
        "source": d.source,
        "family": d.family,
        "refusal": None if d.refusal is None else str(d.refusal),
        "sizes": _sizes(d),
        "special": [] if traits is None else list(traits.special),
        "stacks": [] if traits is None else [_stack(d, stack) for stack in traits.stacks],
        "stages": d.stages(""),
        "parameters": None if fit is None else fit.parameters,
        "tensors": {"count": len(d.stored), "numbers": d.numbers, "dtypes": _dtypes(d)},
        "files": [{"name": file.name, "bytes": size} for file, size in d.sizes.items()],
        "bytes": sum(d.sizes.values()),
        "tokenizer": d.tokenizer,
        "missing": [] if fit is None else list(fit.missing),
        "left_over": [] if fit is None else [{"name": n, "shape": list(s)} for n, s in fit.unused.items()],
        "misfits": [] if fit is None else list(fit.misfits),
    }


def leaves(value: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Every word and number of a document, with the way to it: for CSV."""
    if not isinstance(value, dict | list):
        yield {"fact": path, "value": value}
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in inner:
        yield from leaves(part, f"{path}.{key}" if path else str(key))


def _sizes(d: Description) -> dict[str, Any] | None:
    spec, traits = d.spec, d.traits
    if spec is None or traits is None:
        return None
    return {
        "layers": spec.layers,
        "heads": spec.heads,
        "kv_heads": spec.kv_heads,
        "d_model": spec.d_model,
        "d_head": spec.d_head,
        "d_ff": traits.stacks[-1].kinds[0].traits.d_ff,
        "vocab": spec.vocab,
        "positions": spec.positions,
        "max_positions": spec.max_positions,
        "causal": spec.causal,
    }


def _stack(d: Description, stack: StackTraits) -> dict[str, Any]:
    return {
        "name": stack.name,
        "layers": stack.layers,
        "positions": stack.positions,
        "max_positions": stack.max_positions,
        "kinds": [
            {"layers": list(kind.layers)} | asdict(kind.traits) | {"stages": d.stages(_beginning(stack, kind))}
            for kind in stack.kinds
        ],
    }


def _beginning(stack: StackTraits, kind: Kind) -> str:
    """Of the names of the stages of the first layer of a kind."""
    return f"{stack.name}{'.' if stack.name else ''}layers.{kind.layers[0]}."


def _dtypes(d: Description) -> list[dict[str, Any]]:
    tensors = Counter(s.dtype for s in d.stored)
    numbers: Counter[str] = Counter()
    for s in d.stored:
        numbers[s.dtype] += math.prod(s.shape)
    return [{"dtype": t, "tensors": n, "numbers": numbers[t]} for t, n in tensors.most_common()]


# ------------------------------------------------------------------ for people


def facts(d: Description, full: bool = False) -> list[dict[str, str]]:
    """What to tell of a checkpoint, as rows of `fact` and `value`; long lists cut short unless `full`."""
    told: Facts = [(N_("model"), d.name), (N_("family"), d.family or N_("not said"))]
    if d.refusal is not None:
        told.append((N_("refused"), d.refusal.message))
    told += _of_model(d)
    told += _of_files(d)
    if d.fit is not None:
        told += _of_fit(d.fit, full)
    return [{"fact": name, "value": value} for name, value in told]


Facts = list[tuple[str, str]]


def _of_model(d: Description) -> Facts:
    spec, traits = d.spec, d.traits
    if spec is None or traits is None:
        return []
    last = traits.stacks[-1]
    first = last.kinds[0].traits
    told = [
        (N_("layers"), joined(", ", *(_layers(s) for s in traits.stacks))),
        (N_("heads"), _heads(first, otherwise=spec.family == "layer")),
        ("d_model", f"{spec.d_model:,}"),
        ("d_ff", N_("none") if first.d_ff is None else f"{first.d_ff:,}"),
        (N_("vocabulary"), f"{spec.vocab:,}" if spec.vocab else N_("open")),
        (N_("positions"), _positions(traits)),
        *([] if not first.rotary else [(N_("rotary"), first.rotary)]),
        (N_("block"), N_("{block}, norm: {norm}", block=BLOCKS.get(first.block, first.block), norm=first.norm)),
        (N_("mask"), traits.of("mask")),
        (N_("feed-forward"), traits.of("feed_forward")),
    ]
    told += [(N_("special"), joined(", ", *traits.special))] if traits.special else []
    for stack in traits.stacks:
        told += [(_of(N_("special in layers"), stack), joined(", ", *stack.special))] if stack.special else []
        told += _of_kinds(stack)
    for stack in traits.stacks:
        told += _of_stages(d, stack)
    told.append((N_("stages outside"), " ".join(d.stages(""))))
    return told


BLOCKS = {
    "pre_norm": N_("a norm before each part"),
    "post_norm": N_("a norm after each part"),
    "parallel": N_("attention and feed-forward side by side"),
    "attention_only": N_("attention alone"),
}


def _layers(stack: StackTraits) -> str:
    return joined(" ", N_(stack.name), str(stack.layers)) if stack.name else str(stack.layers)


def _heads(layer: LayerTraits, otherwise: bool) -> str:
    heads = N_("{heads} of {size}", heads=layer.heads, size=layer.d_head)
    if layer.kv_heads != layer.heads:
        heads = joined(", ", heads, N_("{heads} for keys and values", heads=layer.kv_heads))
    heads = N_("{heads} ({grouping})", heads=heads, grouping=layer.grouping)
    return joined("; ", heads, N_("--heads may say otherwise")) if otherwise else heads


def _positions(traits: Traits) -> str:
    limit = traits.stacks[-1].max_positions
    return joined(
        ", ", traits.positions, *([] if limit is None else [N_("at most {limit} tokens", limit=f"{limit:,}")])
    )


def _of_kinds(stack: StackTraits) -> Facts:
    """In what the layers of a stack differ: a line for each kind, with the traits that not all kinds share."""
    if len(stack.kinds) == 1:
        return []
    differing = [f.name for f in fields(LayerTraits) if len({getattr(k.traits, f.name) for k in stack.kinds}) > 1]
    return [
        (_of(kind.numbers, stack), joined("; ", *(_said(kind.traits, name, stack.special) for name in differing)))
        for kind in stack.kinds
    ]


def _of(fact: str, stack: StackTraits) -> str:
    """A fact of a stack, with the stack's name where there are two."""
    return N_("{stack} {fact}", stack=N_(stack.name), fact=fact) if stack.name else fact


def _said(layer: LayerTraits, trait: str, everywhere: Sequence[str]) -> str:
    """A trait by name, and of what is special only what is not so in every layer."""
    value = getattr(layer, trait)
    if trait == "special":
        return joined(", ", *(text for text in value if text not in everywhere)) or N_("nothing special")
    return N_(
        "{trait} {value}", trait=N_(trait.replace("feed_forward", "feed-forward")), value=value or N_("none")
    )


def _of_stages(d: Description, stack: StackTraits) -> Facts:
    """The stages of a layer; those that only some kinds of layers have, a line for each kind."""
    by_kind = {kind.numbers: d.stages(_beginning(stack, kind)) for kind in stack.kinds}
    if len({tuple(names) for names in by_kind.values()}) == 1:
        return [(_of(N_("stages of a layer"), stack), " ".join(next(iter(by_kind.values()))))]
    return [
        (_of(N_("stages of {layers}", layers=numbers), stack), " ".join(names))
        for numbers, names in by_kind.items()
    ]


def _of_files(d: Description) -> Facts:
    counted = [f"{t['tensors']:,} {t['dtype']}" for t in _dtypes(d)]
    size = f"{_short(sum(d.sizes.values()))}B"
    files = [N_("{count} files", count=len(d.sizes))] if len(d.sizes) > 1 else [file.name for file in d.sizes]
    used = d.numbers if d.fit is None else d.fit.parameters
    return [
        (
            N_("parameters") if d.fit is not None else N_("numbers"),
            f"{used:,}" + (f" ({_short(used)})" if used > 999 else ""),
        ),
        (N_("tensors"), f"{len(d.stored):,}: {', '.join(counted)}"),
        (N_("size on disk"), joined(", ", *files, size)),
        (N_("tokenizer"), d.tokenizer or N_("none")),
    ]


def _of_fit(fit: Fit, full: bool) -> Facts:
    left = dict.fromkeys(fit.unused)
    return [
        (N_("missing"), _listed(fit.missing, full) or N_("nothing")),
        (N_("left over"), _listed(tuple(left), full) or N_("nothing")),
        *((N_("does not fit"), text) for text in fit.misfits[: None if full else NAMES]),
    ]


def _listed(names: Sequence[str], full: bool) -> str:
    """Names, those alike but for numbers as one: h.{0-11}.attn.bias."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(re.sub(r"(?<=\.)\d+(?=\.)", "#", name), []).append(name)
    lines = [_pattern(pattern, alike) for pattern, alike in found.items()]
    if len(lines) > NAMES and not full:
        lines = [*lines[:NAMES], N_("and {count} more", count=len(lines) - NAMES)]
    return joined("\n", *lines)


def _pattern(pattern: str, alike: Sequence[str]) -> str:
    if len(alike) == 1:
        return alike[0]
    columns = zip(*(re.findall(r"(?<=\.)\d+(?=\.)", name) for name in alike), strict=True)
    for column in columns:
        pattern = pattern.replace("#", "{" + ranges(tuple(sorted(set(map(int, column))))) + "}", 1)
    return f"{pattern} ({len(alike):,})"


def _short(count: int) -> str:
    """124.4 M for 124,439,808."""
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} "
