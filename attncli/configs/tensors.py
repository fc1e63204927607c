"""Where our parameters are stored: the tensors of a family's checkpoint that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from attncli.checkpoints import Take, whole
from attncli.configs.fields import Config


@dataclass(frozen=True)
class Tensor:
    """Where one of our parameters is stored in a family's checkpoint.

    `name` is the family's name of the tensor. In it `{L}` stands for the layer, `{E}` for the expert (a name
    without it holds all experts along the first axis), `{H}` for the head (one tensor a head, to be stacked).
    `transposed`: stored [out, in], as a torch Linear is. `take`: picks the parameter, as a view, from a tensor
    that holds several; it sees the axes as stored. `alias`: another name of the tensor; a checkpoint that has both
    names is read by the alias. `otherwise`: where to look in a checkpoint that has neither name.
    """

    name: str
    transposed: bool = False
    take: Take = whole
    alias: str = ""
    otherwise: Tensor | None = None


def equal_part(index: int, count: int, axis: int = 0) -> Take:
    """Takes one of `count` equal parts along an axis."""
    return lambda stored: np.split(stored, count, axis)[index]


def rows(start: int, stop: int | None) -> Take:
    """Takes the rows from `start` up to `stop`, or up to the last row."""
    return lambda stored: stored[start:stop]


def linear(ours: str, theirs: str, bias: bool = True, take: Take = whole) -> dict[str, Tensor]:
    """A torch Linear, or the rows of it that `take` picks: a weight stored [out, in], and its bias."""
    weight = {f"{ours}.weight": Tensor(f"{theirs}.weight", transposed=True, take=take)}
    return weight | {f"{ours}.bias": Tensor(f"{theirs}.bias", take=take)} if bias else weight


PROJECTIONS = {"q": "q_proj", "k": "k_proj", "v": "v_proj"}


def linears(ours: str, theirs: str, names: Mapping[str, str], bias: bool = True) -> dict[str, Tensor]:
    """Several Linears, our names -> theirs: `{"q": "q_proj"}` maps our `ours.q` to their `theirs.q_proj`."""
    tensors: dict[str, Tensor] = {}
    for our_name, their_name in names.items():
        tensors |= linear(f"{ours}.{our_name}", f"{theirs}.{their_name}", bias)
    return tensors


def fused(ours: str, theirs: str, takes: Mapping[str, Take], bias: bool = True) -> dict[str, Tensor]:
    """Several of our Linears that are stored as one of theirs: our name -> what to take from it."""
    tensors: dict[str, Tensor] = {}
    for our_name, take in takes.items():
        tensors |= linear(f"{ours}.{our_name}", theirs, bias, take)
    return tensors


def equal_parts(*names: str) -> dict[str, Take]:
    """Our names -> equal parts of a fused tensor, in the order of the names."""
    return {name: equal_part(index, len(names)) for index, name in enumerate(names)}


def norm(ours: str, theirs: str) -> dict[str, Tensor]:
    """A norm's weight and bias."""
    return {f"{ours}.{kind}": Tensor(f"{theirs}.{kind}") for kind in ("weight", "bias")}


def shared_embedding(side: str) -> Tensor:
    """The token vectors of the encoder or the decoder: its own if the checkpoint has them, else those that the two
    share, under whichever name they are stored (`transformers` 5, modeling_utils, tie_weights)."""
    other = {"encoder": "decoder", "decoder": "encoder"}[side]
    return Tensor(
        "shared.weight", alias=f"{side}.embed_tokens.weight", otherwise=Tensor(f"{other}.embed_tokens.weight")
    )


def tied_head(config: Config, default: bool, own_head: bool) -> bool:
    """Whether the head uses the embedding's matrix: as the config says, except that a head stored in the
    checkpoint is always used, as in `transformers` 5 (modeling_utils, tie_weights)."""
    return config.flag("tie_word_embeddings", default) and not own_head
