"""What a checkpoint is: a fact in each line, and the card of the model that comes with attn."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from attncli.architecture.traits import Kind, LayerTraits, StackTraits, Traits, ranges
from attncli.language import N_, in_turn, joined, listed
from attncli.model.describing import Description, Fit
from attncli.render.page.blocks import Markdown
from attncli.render.page.figures import Column, Table
from attncli.render.page.page import Block, Options, Page, Section
from attncli.text.visible import visible_lines
from attncli.version import __version__

NAMES = 8
"""How many names of missing and unused tensors are shown, unless all are asked for."""
BLOCKS = {
    "pre_norm": N_("norms before attention and feed-forward"),
    "post_norm": N_("norms after attention and feed-forward"),
    "parallel": N_("attention and feed-forward in parallel"),
    "attention_only": N_("attention alone"),
}
Facts = list[tuple[str, str]]
"""Names and values, both marked for translation."""


def page(description: Description, options: Options) -> Page:
    """The facts of a checkpoint; long lists are cut short unless `options.full`."""
    return Page(
        title=f"attn model {description.name}",
        head=document(description),
        sections=[Section(lambda: _blocks(description, options))],
    )


def _blocks(description: Description, options: Options) -> Iterator[Block]:
    rows = facts(description, options.full)
    names, values = zip(*((name, visible_lines(options.say.marked(value))) for name, value in rows), strict=True)
    yield Table([Column(N_("fact"), names, "label"), Column(N_("value"), values, "words")], header=False)
    if description.card is not None:
        yield Markdown(description.card.read_text("utf-8"))


# ------------------------------------------------------------------ for programs


def document(description: Description) -> dict[str, Any]:
    """As in attncli/schemas/model-1.json."""
    traits, fit = description.traits, description.fit
    return {
        "schema": "attn.model/1",
        "version": __version__,
        "name": description.name,
        "source": description.source,
        "family": description.family,
        "refusal": None if description.refusal is None else str(description.refusal),
        "sizes": _sizes(description),
        "special": [] if traits is None else list(traits.special),
        "stacks": [] if traits is None else [_stack(description, stack) for stack in traits.stacks],
        "stages": description.stages(""),
        "parameters": None if fit is None else fit.parameters,
        "tensors": {
            "count": len(description.stored), "numbers": description.numbers, "dtypes": _dtypes(description),
        },
        "files": [{"name": file.name, "bytes": size} for file, size in description.sizes.items()],
        "bytes": sum(description.sizes.values()),
        "tokenizer": description.tokenizer,
        "missing": [] if fit is None else list(fit.missing),
        "left_over": [] if fit is None else [{"name": n, "shape": list(s)} for n, s in fit.unused.items()],
        "misfits": [] if fit is None else list(fit.misfits),
    }  # fmt: skip


def _sizes(description: Description) -> dict[str, Any] | None:
    spec, traits = description.spec, description.traits
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


def _stack(description: Description, stack: StackTraits) -> dict[str, Any]:
    def kind_object(kind: Kind) -> dict[str, Any]:
        stages = description.stages(_first_layer(stack, kind))
        return {"layers": list(kind.layers)} | asdict(kind.traits) | {"stages": stages}

    return {
        "name": stack.name,
        "layers": stack.layers,
        "positions": stack.positions,
        "max_positions": stack.max_positions,
        "kinds": [kind_object(kind) for kind in stack.kinds],
    }


def _first_layer(stack: StackTraits, kind: Kind) -> str:
    """What the names of the stages of the first layer of a kind begin with."""
    return f"{stack.name}{'.' if stack.name else ''}layers.{kind.layers[0]}."


def _dtypes(description: Description) -> list[dict[str, Any]]:
    tensors = Counter(tensor.dtype for tensor in description.stored)
    numbers: Counter[str] = Counter()
    for tensor in description.stored:
        numbers[tensor.dtype] += math.prod(tensor.shape)
    return [{"dtype": dtype, "tensors": n, "numbers": numbers[dtype]} for dtype, n in tensors.most_common()]


# ------------------------------------------------------------------ for people


def facts(description: Description, full: bool = False) -> Facts:
    """What to say about a checkpoint; long lists are cut short unless `full`."""
    rows: Facts = [
        (N_("model"), description.name),
        (N_("family"), description.family or N_("unspecified")),
    ]
    if description.refusal is not None:
        rows.append((N_("refused"), description.refusal.message))
    rows += _model_facts(description)
    rows += _file_facts(description)
    if description.fit is not None:
        rows += _fit_facts(description.fit, full)
    return rows


def _model_facts(description: Description) -> Facts:
    spec, traits = description.spec, description.traits
    if spec is None or traits is None:
        return []
    layer = traits.stacks[-1].kinds[0].traits
    rows = [
        (N_("layers"), listed(*(_layers(stack) for stack in traits.stacks))),
        (N_("heads"), _heads(layer, one_layer=spec.family == "layer")),
        ("d_model", f"{spec.d_model:,}"),
        ("d_ff", N_("none") if layer.d_ff is None else f"{layer.d_ff:,}"),
        (N_("vocabulary"), f"{spec.vocab:,}" if spec.vocab else N_("open")),
        (N_("positions"), _positions(traits)),
        *([] if not layer.rotary else [(N_("rotary"), layer.rotary)]),
        (N_("block"), N_("{block}, norm: {norm}", block=BLOCKS.get(layer.block, layer.block), norm=layer.norm)),
        (N_("mask"), traits.of("mask")),
        (N_("feed-forward"), traits.of("feed_forward")),
    ]
    rows += [(N_("special"), listed(*traits.special))] if traits.special else []
    for stack in traits.stacks:
        rows += [(_of(N_("special in layers"), stack), listed(*stack.special))] if stack.special else []
        rows += _kind_facts(stack)
    for stack in traits.stacks:
        rows += _stage_facts(description, stack)
    rows.append((N_("stages outside layers"), " ".join(description.stages(""))))
    return rows


def _layers(stack: StackTraits) -> str:
    return joined(" ", N_(stack.name), str(stack.layers)) if stack.name else str(stack.layers)


def _heads(layer: LayerTraits, one_layer: bool) -> str:
    """The heads and their size; the file of one layer does not say how many heads there are."""
    heads = N_("{heads} heads × {size} dimensions", heads=layer.heads, size=layer.d_head)
    if layer.kv_heads != layer.heads:
        heads = listed(heads, N_("{heads} for keys and values", heads=layer.kv_heads))
    heads = N_("{heads} ({grouping})", heads=heads, grouping=layer.grouping)
    return in_turn(heads, N_("--heads can change that")) if one_layer else heads


def _positions(traits: Traits) -> str:
    limit = traits.stacks[-1].max_positions
    limited = [] if limit is None else [N_("at most {limit} tokens", limit=f"{limit:,}")]
    return listed(traits.positions, *limited)


def _kind_facts(stack: StackTraits) -> Facts:
    """How the layers of a stack differ: a line for each kind, with the traits that not all kinds share."""
    if len(stack.kinds) == 1:
        return []
    differing = [
        trait.name
        for trait in fields(LayerTraits)
        if len({getattr(kind.traits, trait.name) for kind in stack.kinds}) > 1
    ]
    return [
        (_of(kind.numbers, stack), in_turn(*(_trait(kind.traits, name, stack.special) for name in differing)))
        for kind in stack.kinds
    ]


def _of(fact: str, stack: StackTraits) -> str:
    """The name of a fact, with the stack's name where there are two stacks."""
    return N_("{stack} {fact}", stack=N_(stack.name), fact=fact) if stack.name else fact


def _trait(layer: LayerTraits, trait: str, everywhere: Sequence[str]) -> str:
    """A trait by name; of what is special only what is not so in every layer."""
    value = getattr(layer, trait)
    if trait == "special":
        return listed(*(text for text in value if text not in everywhere)) or N_("nothing special")
    name = N_(trait.replace("feed_forward", "feed-forward"))
    return N_("{trait} {value}", trait=name, value=value or N_("none"))


def _stage_facts(description: Description, stack: StackTraits) -> Facts:
    """The stages of a layer; where kinds of layers have different stages, a line for each kind."""
    by_kind = {kind.numbers: description.stages(_first_layer(stack, kind)) for kind in stack.kinds}
    if len({tuple(names) for names in by_kind.values()}) == 1:
        return [(_of(N_("stages of a layer"), stack), " ".join(next(iter(by_kind.values()))))]
    return [
        (_of(N_("stages of {layers}", layers=numbers), stack), " ".join(names))
        for numbers, names in by_kind.items()
    ]


def _file_facts(description: Description) -> Facts:
    counts = [f"{dtype['tensors']:,} {dtype['dtype']}" for dtype in _dtypes(description)]
    size = f"{_short(sum(description.sizes.values()))}B"
    names = [file.name for file in description.sizes]
    files = [N_("{count} files", count=len(names))] if len(names) > 1 else names
    fit = description.fit
    used = description.numbers if fit is None else fit.parameters
    return [
        (
            N_("numbers") if fit is None else N_("parameters"),
            f"{used:,}" + (f" ({_short(used)})" if used > 999 else ""),
        ),
        (N_("tensors"), f"{len(description.stored):,}: {', '.join(counts)}"),
        (N_("size on disk"), listed(*files, size)),
        (N_("tokenizer"), description.tokenizer or N_("none")),
    ]


def _fit_facts(fit: Fit, full: bool) -> Facts:
    return [
        (N_("missing tensors"), _listed(fit.missing, full) or N_("none")),
        (N_("unused tensors"), _listed(tuple(fit.unused), full) or N_("none")),
        *((N_("wrong shape"), text) for text in fit.misfits[: None if full else NAMES]),
    ]


def _listed(names: Sequence[str], full: bool) -> str:
    """Names; those that differ in their numbers only as one: h.{0-11}.attn.bias."""
    by_pattern: dict[str, list[str]] = {}
    for name in names:
        by_pattern.setdefault(re.sub(r"(?<=\.)\d+(?=\.)", "#", name), []).append(name)
    lines = [_with_ranges(pattern, alike) for pattern, alike in by_pattern.items()]
    if len(lines) > NAMES + 1 and not full:  # the last line takes the place of one
        lines = [*lines[:NAMES], N_("and {count} more", count=len(lines) - NAMES)]
    return joined("\n", *lines)


def _with_ranges(pattern: str, alike: Sequence[str]) -> str:
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
