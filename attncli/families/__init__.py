"""One file a family: what its config.json means, and which of its tensors are which of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from attncli.checkpoints import Take, whole
from attncli.errors import AttnError, nearest
from attncli.families.config import Config, short
from attncli.spec import Spec

FAMILIES = {
    "albert": "attncli.families.albert",
    "bart": "attncli.families.bart",
    "bert": "attncli.families.bert",
    "bloom": "attncli.families.bloom",
    "camembert": "attncli.families.camembert",
    "cohere": "attncli.families.cohere",
    "deberta-v2": "attncli.families.deberta_v2",
    "deepseek_v2": "attncli.families.deepseek_v2",
    "deepseek_v3": "attncli.families.deepseek_v3",
    "distilbert": "attncli.families.distilbert",
    "electra": "attncli.families.electra",
    "falcon": "attncli.families.falcon",
    "gemma": "attncli.families.gemma",
    "gemma2": "attncli.families.gemma2",
    "gemma3": "attncli.families.gemma3",
    "gemma3_text": "attncli.families.gemma3_text",
    "gpt2": "attncli.families.gpt2",
    "gpt_bigcode": "attncli.families.gpt_bigcode",
    "gpt_neo": "attncli.families.gpt_neo",
    "gpt_neox": "attncli.families.gpt_neox",
    "gpt_oss": "attncli.families.gpt_oss",
    "gptj": "attncli.families.gptj",
    "granite": "attncli.families.granite",
    "llama": "attncli.families.llama",
    "m2m_100": "attncli.families.m2m_100",
    "marian": "attncli.families.marian",
    "mbart": "attncli.families.mbart",
    "mistral": "attncli.families.mistral",
    "mixtral": "attncli.families.mixtral",
    "modernbert": "attncli.families.modernbert",
    "mpnet": "attncli.families.mpnet",
    "mpt": "attncli.families.mpt",
    "mt5": "attncli.families.mt5",
    "olmo": "attncli.families.olmo",
    "olmo2": "attncli.families.olmo2",
    "opt": "attncli.families.opt",
    "pegasus": "attncli.families.pegasus",
    "phi": "attncli.families.phi",
    "phi3": "attncli.families.phi3",
    "qwen2": "attncli.families.qwen2",
    "qwen2_moe": "attncli.families.qwen2_moe",
    "qwen3": "attncli.families.qwen3",
    "qwen3_moe": "attncli.families.qwen3_moe",
    "roberta": "attncli.families.roberta",
    "smollm3": "attncli.families.smollm3",
    "stablelm": "attncli.families.stablelm",
    "starcoder2": "attncli.families.starcoder2",
    "t5": "attncli.families.t5",
    "xlm-roberta": "attncli.families.xlm_roberta",
    "xlm-roberta-xl": "attncli.families.xlm_roberta_xl",
}
"""model_type of config.json -> the module that knows it."""
FORMER = {"RefinedWeb": "falcon", "RefinedWebModel": "falcon"}
"""What files from before `transformers` knew a family call it -> its model_type."""


@dataclass(frozen=True)
class Tensor:
    """Where one of our parameters lies in a family's checkpoint. `{L}` stands for the layer, `{E}` for the expert
    (a name without it holds all experts, by its first axis), `{H}` for the head (a tensor for each, stacked).

    `transposed`: stored [out, in], as torch's Linear keeps it. `take`: picks it, as a view, from a tensor that
    holds more (several matrices as one), in the stored order of axes. `alias`: the name that some checkpoints
    have for it, which wins where both are there. `otherwise`: where it lies in checkpoints that have it under
    neither name.
    """

    name: str
    transposed: bool = False
    take: Take = whole
    alias: str = ""
    otherwise: Tensor | None = None


class Family(Protocol):
    """What a family's module offers."""

    PREFIXES: Sequence[str]

    def tensors(self, config: Config) -> Mapping[str, Tensor]:
        """Our parameters (`layers.{L}.attn.q.weight`, or of one layer by its number) -> where they lie."""

    def spec(self, config: Config, has: Callable[[str], bool]) -> Spec:
        """The Spec for a config; `has` tells whether the checkpoint has a tensor of the family's name."""


def part(index: int, parts: int, axis: int = 0) -> Take:
    """Takes the index-th of some equal parts along an axis."""
    return lambda stored: np.split(stored, parts, axis)[index]


def rows(start: int, stop: int | None) -> Take:
    """Takes some rows, up to the last where there is no stop."""
    return lambda stored: stored[start:stop]


def linear(ours: str, theirs: str, bias: bool = True, take: Take = whole) -> dict[str, Tensor]:
    """A torch Linear, or what `take` takes of it: a weight stored [out, in], and its bias."""
    weight = {f"{ours}.weight": Tensor(f"{theirs}.weight", transposed=True, take=take)}
    return weight | {f"{ours}.bias": Tensor(f"{theirs}.bias", take=take)} if bias else weight


PROJECTIONS = {"q": "q_proj", "k": "k_proj", "v": "v_proj"}


def linears(at: str, theirs: str, names: Mapping[str, str], bias: bool = True) -> dict[str, Tensor]:
    """Several of them, by our names and theirs: `q: q_proj` is our `at.q`, their `theirs.q_proj`."""
    each = (linear(f"{at}.{ours}", f"{theirs}.{name}", bias) for ours, name in names.items())
    return {name: tensor for one in each for name, tensor in one.items()}


def fused(at: str, theirs: str, takes: Mapping[str, Take], bias: bool = True) -> dict[str, Tensor]:
    """Several of them in one of theirs: what is taken from it for each of ours."""
    each = (linear(f"{at}.{ours}", theirs, bias, take) for ours, take in takes.items())
    return {name: tensor for one in each for name, tensor in one.items()}


def equal_parts(*ours: str) -> dict[str, Take]:
    """Takes for as many equal parts, one after the other."""
    return {name: part(place, len(ours)) for place, name in enumerate(ours)}


def norm(ours: str, theirs: str) -> dict[str, Tensor]:
    """A norm's weight and bias."""
    return {f"{ours}.{kind}": Tensor(f"{theirs}.{kind}") for kind in ("weight", "bias")}


def shared_embedding(side: str) -> Tensor:
    """The token vectors of an encoder or decoder: its own where the checkpoint has them, else those that both
    share, by whichever name it keeps (`transformers` 5, modeling_utils, tie_weights)."""
    other = {"encoder": "decoder", "decoder": "encoder"}[side]
    return Tensor(
        "shared.weight", alias=f"{side}.embed_tokens.weight", otherwise=Tensor(f"{other}.embed_tokens.weight")
    )


def tied_head(config: Config, default: bool, own_head: bool) -> bool:
    """Whether the head's matrix is the embedding's, as the config says; but a head that the checkpoint has
    itself is used in any case, as by transformers 5 (modeling_utils, tie_weights)."""
    return config.flag("tie_word_embeddings", default) and not own_head


def family_of(config: Config) -> Family:
    """The family of a config.json. Raises AttnError, listing those known, for any other."""
    from importlib import import_module

    kind = config.get("model_type", None)
    if not isinstance(kind, str):
        raise AttnError(f"{config.file} does not say its model_type.", f"Known: {', '.join(FAMILIES)}.")
    kind = FORMER.get(kind, kind)
    if kind not in FAMILIES:
        hint = nearest(kind, FAMILIES)
        listed = "" if hint.startswith("Known") else f" Known: {', '.join(FAMILIES)}."
        raise AttnError(f"{config.file}: model_type {short(kind)} is not a family that attn knows.", hint + listed)
    module: Family = import_module(FAMILIES[kind])
    return module


def spec_of(family: Family, config: Config, has: Callable[[str], bool]) -> Spec:
    """What the family makes of a config.json. Raises AttnError too where a field is of a kind, or so far out of
    range, that no formula can be made of it."""
    try:
        return family.spec(config, has)
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise AttnError(
            f"{config.file} has a field with a value of which no model can be made: {error}",
            f"The last field that was read is {config.last!r}.",
        ) from error
