"""The traits of every family that attn knows, read off the defaults of its config.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attncli.architecture.traits import Traits, traits
from attncli.configs.fields import Config
from attncli.errors import AttnError, UsageError, nearest
from attncli.family import FAMILIES, family_of
from attncli.language import N_


@dataclass(frozen=True)
class FamilyTraits:
    """The traits of a family's default model.

    `fields`: the fields of config.json that attn reads; checkpoints of the family may differ in these.
    `refusal`: why `traits` is None: a field that the family needs has no default.
    """

    family: str
    traits: Traits | None
    fields: tuple[str, ...]
    refusal: str = ""

    def __repr__(self) -> str:
        """FamilyTraits('llama', 31 fields of config.json)"""
        return f"FamilyTraits({self.family!r}, {len(self.fields)} fields of config.json)"


def families(names: tuple[str, ...] = ()) -> list[FamilyTraits]:
    """The named families, or all of them: the traits for a config.json with only model_type, with every tensor
    present. Raises UsageError for an unknown name."""
    for name in names:
        if name not in FAMILIES:
            raise UsageError(N_("no family {name!r}.", name=name), nearest(name, FAMILIES))
    return [_default_traits(name) for name in names or FAMILIES]


def _default_traits(name: str) -> FamilyTraits:
    config = Config({"model_type": name}, Path("config.json"))
    default, refusal = None, ""
    try:
        default = traits(family_of(config).spec(config, lambda tensor: True))
    except AttnError as error:
        refusal = error.message
    return FamilyTraits(name, default, tuple(sorted(config.free - {"model_type"})), refusal)
