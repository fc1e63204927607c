"""What the stages are: symbol, formula, axes and meaning, and what other tools call them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config
from attncli.errors import AttnError, UsageError
from attncli.family import FAMILIES, family_of
from attncli.model.model import Model
from attncli.model.modules import Modules, modules_in, modules_of
from attncli.stages import CATALOGUE, ON_REQUEST, context_of, offered, relative
from attncli.stages.aliases import LLAMA_CPP, TRANSFORMER_LENS, WORDS, Names
from attncli.stages.names import CROSS, SELF
from attncli.stages.selecting import select, short_names

FIRST = ("llama", "gpt2", "bert", "t5", "mixtral")
"""Whose formulas stand for a stage that they have; after them, those of any family."""
LAST: tuple[dict[str, Any], ...] = (
    {"model_type": "opt", "word_embed_proj_dim": 512},
    {"model_type": "deberta-v2", "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
)
"""Models with stages that no family's default has."""


@dataclass(frozen=True, eq=False)
class StageDescription:
    """A stage, as one kind of model computes it.

    `name`: within its layer (`attn.weights`). `family`: whose formula it is. `on_request`: `all` leaves it out,
    because the forward pass does not need it. `names`: what others call it, by the tool: TransformerLens,
    llama.cpp, transformers (its modules in that family, {L} for the layer), words.
    """

    name: str
    symbol: str
    axes: tuple[str, ...]
    formula: str
    meaning: str
    detail: str
    family: str
    on_request: bool
    names: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        """StageDescription('attn.weights', A = softmax(M), [head, query, key])"""
        return f"StageDescription({self.name!r}, {self.formula}, [{', '.join(self.axes)}])"


def stage_descriptions(asked: Sequence[str] = (), model: Model | None = None) -> list[StageDescription]:
    """The stages of those names (globs and other tools' names too), or all of them, in the order of computation:
    those of the model, or of every family that attn knows. Raises UsageError for a name that no stage has."""
    if model is not None:
        spec = model.spec
        modules = modules_of(model)
        full_names = select(spec, asked, None, lambda: modules) if asked else offered(spec)
        return [_described(name, spec, modules) for name in dict.fromkeys(map(relative, full_names))]
    wanted = {name for pattern in asked for name in _named(pattern)} if asked else {*CATALOGUE}
    found: dict[str, StageDescription] = {}
    for spec, modules in _default_models():
        missing = {relative(name) for name in offered(spec)}.intersection(wanted).difference(found)
        found |= {name: _described(name, spec, modules) for name in missing}
        if len(found) == len(wanted):
            break
    return [found[name] for name in CATALOGUE if name in found]


def _named(pattern: str) -> list[str]:
    """The stages of the catalogue that a name means: one of ours, or the first family's that knows it."""
    ours = [name for name in CATALOGUE if any(fnmatchcase(short, pattern) for short in short_names(name))]
    if ours:
        return ours
    refusal: UsageError | None = None
    for spec, modules in _default_models():
        try:
            return [relative(name) for name in select(spec, [pattern], None, partial(_same, modules))]
        except UsageError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _same(modules: Modules) -> Modules:
    return modules


def _default_models() -> Iterator[tuple[Spec, Modules]]:
    """The default model of each family that has one."""
    for fields in (*({"model_type": name} for name in dict.fromkeys((*FIRST, *FAMILIES))), *LAST):
        config = Config(fields, Path("config.json"))
        family = family_of(config)
        try:
            spec = family.spec(config, lambda tensor: True)
        except AttnError:  # a field that it needs has no default
            continue
        yield spec, modules_in(spec, family.tensors(config))


def _described(name: str, spec: Spec, modules: Modules) -> StageDescription:
    entry, full = CATALOGUE[name], next(full for full in offered(spec) if relative(full) == name)
    context = context_of(spec, full)
    return StageDescription(
        name=name,
        symbol=entry.symbol,
        axes=entry.axes,
        formula=entry.formula(context),
        meaning=entry.meaning_in(context),
        detail=entry.detail(context),
        family=spec.family,
        on_request=name in ON_REQUEST,
        names={
            "TransformerLens": _called(name, TRANSFORMER_LENS, "cross_attn"),
            "llama.cpp": _called(name, LLAMA_CPP, ""),
            "transformers": tuple(module for module, stages in modules.items()
                                  if name in map(relative, (s.replace("{L}", "0") for s in stages))),
            "words": _called(name, WORDS, CROSS),
        },
    )  # fmt: skip


def _called(name: str, names: Names, crossed: str) -> tuple[str, ...]:
    """The names that mean a stage; those of the attention to the encoder begin with `crossed`, where there are
    any."""
    own = name.replace(f"{CROSS}.", f"{SELF}.")
    if own != name and crossed:
        theirs = (n for n, stages in names.items() if own in stages)
        through = tuple(f"{crossed}.{n.removeprefix('attn.')}" for n in theirs if crossed == CROSS or "." in n)
        return (*through, *(n for n, stages in names.items() if name in stages))
    return tuple(n for n, stages in names.items() if name in stages)
