"""Layers that differ in kind: which of them see every key before the query, and which a window of those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attncli.architecture.parts import CAUSAL, sliding
from attncli.architecture.spec import Mask
from attncli.configs.fields import Config, short
from attncli.errors import AttnError

FULL, SLIDING = "full_attention", "sliding_attention"


def kinds(config: Config, slides: Callable[[int], bool]) -> tuple[str, ...]:
    """FULL or SLIDING for each layer: what layer_types says, or else `slides`, which is told the layer's number.
    Raises AttnError for a list of another length, or a kind that is neither."""
    layers = config.size("num_hidden_layers")
    given = config.get("layer_types", [SLIDING if slides(number) else FULL for number in range(layers)])
    return listed(config, "layer_types", given, layers, (FULL, SLIDING))


def listed(config: Config, field: str, given: Any, layers: int, known: tuple[str, ...]) -> tuple[str, ...]:
    """What a field lists: the kind of each layer. Raises AttnError for a list of another length, or a kind that is
    not known."""
    if not isinstance(given, list) or len(given) != layers:
        listing = f", and lists {len(given)}" if isinstance(given, list) else ""
        raise AttnError(f"{config.file}: {field} must list a kind for each of the {layers} layers{listing}.")
    if unknown := [kind for kind in given if kind not in known]:
        raise AttnError(
            f"{config.file}: {field} has {short(unknown[0])}, which is not supported; known: {', '.join(known)}."
        )
    return tuple(given)


def window(config: Config) -> int | None:
    """sliding_window: how many keys a query sees, its own among them; None where the field is null."""
    return config.size_or_null("sliding_window")


def window_in_use(config: Config) -> int | None:
    """sliding_window where use_sliding_window says so (Qwen); else it means nothing, whatever it is."""
    if config.flag("use_sliding_window", False):
        return window(config)
    config.get("sliding_window", None)
    return None


def causal_mask(size: int | None) -> Mask:
    """Causal, within a window of that size if there is one."""
    return CAUSAL if size is None else sliding(size)


def mask_of(config: Config, kind: str, size: int | None) -> Mask:
    """That of a layer of a kind. Raises AttnError where SLIDING has no window."""
    if kind == SLIDING and size is None:
        raise AttnError(f"{config.file}: layers of type {SLIDING} need a sliding_window, and it has none in use.")
    return causal_mask(size if kind == SLIDING else None)
