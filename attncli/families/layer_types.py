"""Which layers see the whole text and which a window of it: `layer_types` of config.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attncli.errors import AttnError
from attncli.families.config import Config
from attncli.parts import CAUSAL, sliding
from attncli.spec import Mask

FULL, SLIDING = "full_attention", "sliding_attention"


def masks(config: Config, layers: int, default: Callable[[int], str]) -> Sequence[Mask]:
    """The mask of each layer; `default` gives the type of a layer where config.json names none. Raises AttnError
    for types that are not known, too few of them, or a sliding one without `sliding_window`."""
    types = config.get("layer_types", [default(number) for number in range(layers)])
    if not isinstance(types, list) or len(types) < layers:
        raise AttnError(f"{config.file}: layer_types is {types!r}; a list of {layers} is needed.")
    if unknown := [kind for kind in types if kind not in (FULL, SLIDING)]:
        raise AttnError(
            f"{config.file}: layer_types has {unknown[0]!r}, which is not supported; known: {FULL}, {SLIDING}."
        )
    config.get("sliding_window", None)  # read here, for it matters only to sliding layers
    return [sliding(config.size("sliding_window")) if kind == SLIDING else CAUSAL for kind in types[:layers]]
