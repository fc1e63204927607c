"""Seeded weights are for those who ask for them: an option of their shape does not by itself change the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from attncli.errors import UsageError
from attncli.language import N_, joined

SEEDED = "seeded"
"""The name that means seeded weights; a folder of that name is `./seeded`."""
SHAPE = ("d_model", "layers", "d_ff", "heads", "kv_heads", "positions", "causal")
"""The arguments of `load_model` that shape seeded weights."""


DEFAULT_WIDTH = 8
"""d_model of seeded weights, unless it is given; the heads share it."""


@dataclass(frozen=True)
class Spelling:
    """How a user writes arguments of `load_model` (`options`), the seed alone, and the choice of one layer or head
    (`one`, of a name and a number)."""

    options: Callable[[Mapping[str, Any]], str]
    seed: str
    one: Callable[[str, int], str]


def seed_needed(given: Mapping[str, Any], spelling: Spelling) -> UsageError:
    """The error for `given`, arguments of `load_model` for seeded weights, without a model and without a seed. It
    offers both readings: a layer or a head of the story model, or random weights."""
    name, value = next(iter(given.items()))
    option = spelling.options({name: value})
    if name == "tokenizer":
        wrong = N_("{option} splits text for seeded weights, and no {seed} is given.", option=option,
                   seed=spelling.seed)  # fmt: skip
        story = N_("The story model has its own tokenizer.")
    else:
        wrong = N_("{option} shapes seeded weights, and no {seed} is given.", option=option, seed=spelling.seed)
        story = N_("The story model has its own.")
    if name in ("layers", "heads") and value < _of_story(name):
        one = spelling.one(name.removesuffix("s"), value)
        if name == "layers":
            story = N_("For layer {number} of the story model: {option}.", number=value, option=one)
        else:
            story = N_("For head {number} of the story model: {option}.", number=value, option=one)
    shape = {"seed": 0, **given}
    if DEFAULT_WIDTH % given.get("heads", 1) and "d_model" not in given:
        shape["d_model"] = 4 * given["heads"]
    random = N_("For random weights: {options}.", options=spelling.options(shape))
    return UsageError(wrong, joined(" ", story, random))


def _of_story(name: str) -> int:
    """How many layers, or heads in a layer, the story model has."""
    from attncli import story
    from attncli.files import json_object, read_bytes

    file = story.FOLDER / "config.json"
    fields = {"layers": "num_hidden_layers", "heads": "num_attention_heads"}
    count: int = json_object(read_bytes(file), file)[fields[name]]
    return count
