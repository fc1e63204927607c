"""Where our parameters lie in the tensors of a family's checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from attncli.checkpoints import Take, whole
from attncli.configs.fields import Config


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
