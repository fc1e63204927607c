"""The model families, one file each: what the fields of config.json mean, and which tensor holds which
parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config, short
from attncli.configs.tensors import Tensor
from attncli.errors import AttnError, nearest

FAMILIES = {
    "albert": "attncli.family.albert",
    "bart": "attncli.family.bart",
    "bert": "attncli.family.bert",
    "bloom": "attncli.family.bloom",
    "camembert": "attncli.family.camembert",
    "cohere": "attncli.family.cohere",
    "deberta-v2": "attncli.family.deberta_v2",
    "deepseek_v2": "attncli.family.deepseek_v2",
    "deepseek_v3": "attncli.family.deepseek_v3",
    "distilbert": "attncli.family.distilbert",
    "electra": "attncli.family.electra",
    "falcon": "attncli.family.falcon",
    "gemma": "attncli.family.gemma",
    "gemma2": "attncli.family.gemma2",
    "gemma3": "attncli.family.gemma3",
    "gemma3_text": "attncli.family.gemma3_text",
    "gpt2": "attncli.family.gpt2",
    "gpt_bigcode": "attncli.family.gpt_bigcode",
    "gpt_neo": "attncli.family.gpt_neo",
    "gpt_neox": "attncli.family.gpt_neox",
    "gpt_oss": "attncli.family.gpt_oss",
    "gptj": "attncli.family.gptj",
    "granite": "attncli.family.granite",
    "llama": "attncli.family.llama",
    "m2m_100": "attncli.family.m2m_100",
    "marian": "attncli.family.marian",
    "mbart": "attncli.family.mbart",
    "mistral": "attncli.family.mistral",
    "mixtral": "attncli.family.mixtral",
    "modernbert": "attncli.family.modernbert",
    "mpnet": "attncli.family.mpnet",
    "mpt": "attncli.family.mpt",
    "mt5": "attncli.family.mt5",
    "olmo": "attncli.family.olmo",
    "olmo2": "attncli.family.olmo2",
    "opt": "attncli.family.opt",
    "pegasus": "attncli.family.pegasus",
    "phi": "attncli.family.phi",
    "phi3": "attncli.family.phi3",
    "qwen2": "attncli.family.qwen2",
    "qwen2_moe": "attncli.family.qwen2_moe",
    "qwen3": "attncli.family.qwen3",
    "qwen3_moe": "attncli.family.qwen3_moe",
    "roberta": "attncli.family.roberta",
    "smollm3": "attncli.family.smollm3",
    "stablelm": "attncli.family.stablelm",
    "starcoder2": "attncli.family.starcoder2",
    "t5": "attncli.family.t5",
    "xlm-roberta": "attncli.family.xlm_roberta",
    "xlm-roberta-xl": "attncli.family.xlm_roberta_xl",
}
"""model_type of config.json -> the module of the family."""
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
        raise AttnError(f"{config.file} has no model_type.", f"Known: {', '.join(FAMILIES)}.")
    kind = FORMER.get(kind, kind)
    if kind not in FAMILIES:
        hint = nearest(kind, FAMILIES)
        listed = "" if hint.startswith("Known") else f" Known: {', '.join(FAMILIES)}."
        raise AttnError(f"{config.file}: model_type {short(kind)} is not a family that attn knows.", hint + listed)
    module: Family = import_module(FAMILIES[kind])
    return module


def spec_of(family: Family, config: Config, has: Callable[[str], bool]) -> Spec:
    """The Spec that a family makes of a config.json. Raises AttnError also for a value of the wrong type or out of
    range that the family itself does not check."""
    try:
        return family.spec(config, has)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise AttnError(
            f"{config.file} has a field with an unusable value: {error}",
            f"The last field read is {config.last!r}.",
        ) from error
