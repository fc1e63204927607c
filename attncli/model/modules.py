"""The modules of a checkpoint's model in `transformers`, and which of our stages each of them gives.

A module is known by the names of the tensors in it: `model.layers.3.self_attn.q_proj.weight` belongs to q_proj,
self_attn, layers.3 and model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attncli.architecture.parameters import shapes, template
from attncli.architecture.spec import Experts, Spec, Stack
from attncli.configs.tensors import Tensor
from attncli.model.model import Model
from attncli.model.weights import CheckpointWeights
from attncli.stages import CATALOGUE, offered, relative

Modules = Mapping[str, tuple[str, ...]]
"""A module -> our stages that it gives."""

GIVES = {
    "embed.project": "embed.projected",
    "embed.norm": "embed",
    "attn.norm": "attn.input",
    "cross.norm": "cross.input",
    "mlp.norm": "mlp.input",
    "final.norm": "final",
    "head": "logits",
    "head.transform": "",  # before its activation
    "head.norm": "head.transformed",
    "head.project": "head.projected",
    "mlp.shared.output": "mlp.shared",
    **{
        f"{attention}.{ours}": f"{attention}.{stage}"
        for attention in ("attn", "cross")
        for ours, stage in {
            "q_norm": "q_normed", "k_norm": "k_normed", "q_down": "q_latent", "q_up": "q", "k_up": "k",
            "v_up": "v", "q_latent_norm": "q_latent_normed",
            "kv_down": "kv_latent", "kv_latent_norm": "kv_latent_normed",
            "output_norm": "output_normed",
        }.items()
    },
    "mlp.output_norm": "mlp.output_normed",
}  # fmt: skip
"""A part of ours -> the stage that it gives, where that has another name."""
AFTER = {"attn.norm": "resid.mid", "cross.norm": "resid.cross", "mlp.norm": "resid.out"}
"""The same for the norms of a post-norm block, which come after the addition."""
ADDED: Mapping[str, Mapping[str, str]] = {
    "bloom": {"h.{L}.self_attention": "resid.mid", "h.{L}.mlp": "resid.out"},
    "mpt": {"blocks.{L}.ffn": "resid.out"},
    "xlm-roberta-xl": {
        "encoder.layer.{L}.attention": "resid.mid",
        "encoder.layer.{L}.attention.output": "resid.mid",
        "encoder.layer.{L}.output": "resid.out",
    },
}
"""Modules that add the residual stream to what they compute."""
ORDER = {name: number for number, name in enumerate(CATALOGUE)}


def modules_of(model: Model) -> Modules:
    """Each module of the model in `transformers`, without what stands before the names of the body (`model.`), and
    our stages that it gives; {L} stands for the layer in both, or in ours alone where layers share a module. Empty
    for a model that is no checkpoint of `transformers`."""
    weights = model.weights
    return modules_in(model.spec, weights.tensors) if isinstance(weights, CheckpointWeights) else {}


def modules_in(spec: Spec, tensors: Mapping[str, Tensor]) -> Modules:
    """The same by a Spec, and where the family stores our parameters."""
    parts: dict[str, dict[str, bool]] = {}  # a module -> parts of ours in it, and whether their tensor is its own
    for name in dict.fromkeys(template(name) for name, _ in shapes(spec)):
        tensor = tensors.get(name)
        if tensor is not None:
            own, ours = tensor.name.rpartition(".")[0], name.rpartition(".")[0]
            for module in _around(own):
                parts.setdefault(module, {})[ours] = module == own
    known = {relative(name) for name in offered(spec)}
    bodies = {module for other in parts if "{L}" in other for module in _around(other) if "{L}" not in module}
    found = {module: tuple(_given(spec, ours, known)) for module, ours in parts.items() if module not in bodies}
    added = {module: (f"layers.{{L}}.{name}",) for module, name in ADDED.get(spec.family, {}).items()}
    return {module: names for module, names in found.items() if names} | added


def _around(module: str) -> Iterator[str]:
    """A module, and those that it is in."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def _given(spec: Spec, ours: Mapping[str, bool], known: set[str]) -> Iterator[str]:
    """The stages that a module with these parts of ours gives: each of its parts', if all are in its own tensors;
    else the last that comes of them."""
    stacks = {_stack(spec, name) for name in ours}
    if len(stacks) > 1:
        return
    (prefix,) = stacks
    inside = [name.removeprefix(prefix) for name in ours]
    layers = [name.removeprefix("layers.{L}.") for name in inside if name.startswith("layers.")]
    at = f"{prefix}layers.{{L}}." if layers else ""
    names = layers or inside
    stages = [s for name in names if (s := _stage(spec, prefix, name, known))]
    if all(ours.values()):
        yield from dict.fromkeys(at + stage if layers else _outside(prefix, stage) for stage in stages)
        return
    last = _last(spec, prefix, names, stages)
    if last is not None:
        yield at + last if layers else _outside(prefix, last)


def _outside(prefix: str, stage: str) -> str:
    return stage if stage.startswith(("head.", "logits")) else prefix + stage


def _stack(spec: Spec, name: str) -> str:
    return next((s.prefix for s in spec.stacks if s.name and name.startswith(s.prefix)), spec.main.prefix)


def _stage(spec: Spec, prefix: str, name: str, known: set[str]) -> str | None:
    stack = spec.stack(prefix)
    if _differs(spec, stack, name):
        return None
    block = stack.layers[0].block
    stage = AFTER[name] if block == "post_norm" and name in AFTER else GIVES.get(name, name)
    return stage if stage in known else None


def _differs(spec: Spec, stack: Stack, name: str) -> bool:
    """Whether the model goes on with what the module gives before it is the stage of that name."""
    embed, head = stack.embed, spec.head
    return {
        "embed.tokens": embed.scale != 1,
        "embed.norm": embed.project == "normed",
        "head": head is not None and (head.logit_scale != 1 or head.cap is not None),
        "mlp.shared.output": any(
            isinstance(layer.mlp, Experts) and layer.mlp.shared_gate for layer in stack.layers
        ),
    }.get(name, False)


def _last(spec: Spec, prefix: str, names: list[str], stages: list[str]) -> str | None:
    """What a module gives that holds several parts: the last of their stages, and beyond it what needs no
    parameter."""
    has = {part.partition(".")[0] for part in names}
    if has == {"head"} and "head" in names:
        return None if _differs(spec, spec.main, "head") else "logits"
    if {"attn", "mlp"} <= has:
        return "resid.out"
    if any(name.startswith("mlp.experts.") for name in names):
        return "mlp.output" if "mlp.router" in names else None
    if has == {"embed"}:
        return None if spec.stack(prefix).embed.project else "embed"
    for attention, after in (("attn", "resid.mid"), ("cross", "resid.cross")):
        if has == {attention} and any(f"{attention}.{letter}" in names for letter in "qv"):
            if f"{attention}.norm" in names:
                return after
            if f"{attention}.output" not in names:
                return f"{attention}.mixed"
    if has == {"mlp"} and "mlp.hidden" in names and "mlp.output" not in names:
        return "mlp.activated"
    if has == {"mlp"} and {"mlp.norm", "mlp.hidden"} <= set(names):
        return "resid.out"
    return max(stages, key=ORDER.__getitem__, default=None)
