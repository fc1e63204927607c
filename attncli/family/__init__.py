"""The model families, one file each: what the fields of config.json mean, and which tensor holds which
parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config, short
from attncli.configs.tensors import Tensor
from attncli.errors import AttnError, nearest
from attncli.language import N_, listed

FAMILIES = (
    "albert", "bart", "bert", "bloom", "camembert", "cohere", "deberta-v2", "deepseek_v2", "deepseek_v3",
    "distilbert", "electra", "falcon", "gemma", "gemma2", "gemma3", "gemma3_text", "gpt2", "gpt_bigcode",
    "gpt_neo", "gpt_neox", "gpt_oss", "gptj", "granite", "llama", "m2m_100", "marian", "mbart", "mistral",
    "mixtral", "modernbert", "mpnet", "mpt", "mt5", "olmo", "olmo2", "opt", "pegasus", "phi", "phi3", "qwen2",
    "qwen2_moe", "qwen3", "qwen3_moe", "roberta", "smollm3", "stablelm", "starcoder2", "t5", "xlm-roberta",
    "xlm-roberta-xl",
)  # fmt: skip
"""The model_type of every family. Its module in this package has the same name, with _ for -."""
FORMER = {"RefinedWeb": "falcon", "RefinedWebModel": "falcon"}
"""model_type of files older than the family in `transformers` -> its model_type today."""


class Family(Protocol):
    """What the module of a family must define."""

    PREFIXES: Sequence[str]

    def tensors(self, config: Config) -> Mapping[str, Tensor]:
        """Our parameters (`layers.{L}.attn.q.weight`, or with a layer's number) -> where they are stored."""

    def spec(self, config: Config, has: Callable[[str], bool]) -> Spec:
        """The Spec for a config; `has` tells whether the checkpoint has a tensor, by the family's name for it.

        Raises AttnError for a value that attn does not support."""


def family_of(config: Config) -> Family:
    """The family of a config.json. Raises AttnError, with the known families, for any other model_type."""
    from importlib import import_module

    kind = config.get("model_type", None)
    if not isinstance(kind, str):
        raise AttnError(
            N_("{file} has no model_type.", file=config.file),
            N_("Known: {names}.", names=listed(*FAMILIES)),
        )
    kind = FORMER.get(kind, kind)
    if kind not in FAMILIES:
        hint = nearest(kind, FAMILIES)
        known = N_("Known: {names}.", names=listed(*FAMILIES))
        raise AttnError(
            N_("{file}: model_type {kind} is not a family that attn knows.", file=config.file, kind=short(kind)),
            hint if hint == known else N_("{text} {following}", text=hint, following=known),
        )
    module: Family = import_module(f"{__name__}.{kind.replace('-', '_')}")
    return module


def spec_of(family: Family, config: Config, has: Callable[[str], bool]) -> Spec:
    """The Spec that a family makes of a config.json. Raises AttnError also for a value of the wrong type or out of
    range that the family itself does not check."""
    try:
        return family.spec(config, has)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise AttnError(
            N_("{file} has a field with an unusable value: {error}", file=config.file, error=error),
            N_("The last field read is {last!r}.", last=config.last),
        ) from error
