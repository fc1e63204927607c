"""Layer types: which layers let a query see every key before it, and which a sliding window of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attncli.architecture.parts import CAUSAL, sliding
from attncli.architecture.spec import Mask
from attncli.configs.fields import Config, short
from attncli.errors import AttnError
from attncli.language import N_, listed

FULL, SLIDING = "full_attention", "sliding_attention"


def layer_types(config: Config, slides: Callable[[int], bool]) -> tuple[str, ...]:
    """FULL or SLIDING for each layer: what the field layer_types lists, or else what `slides(layer)` decides.
    Raises AttnError for a list of another length or an unknown type."""
    layers = config.size("num_hidden_layers")
    types = config.get("layer_types", [SLIDING if slides(layer) else FULL for layer in range(layers)])
    return checked_types(config, "layer_types", types, layers, (FULL, SLIDING))


def checked_types(config: Config, field: str, types: Any, layers: int, known: tuple[str, ...]) -> tuple[str, ...]:
    """The type of each layer, as a field lists them. Raises AttnError for a list of another length or an unknown
    type."""
    if not isinstance(types, list) or len(types) != layers:
        names = {"file": config.file, "field": field, "layers": layers}
        raise AttnError(
            N_(
                "{file}: {field} must list a type for each of the {layers} layers, but it lists {count}.",
                count=len(types),
                **names,
            )
            if isinstance(types, list)
            else N_("{file}: {field} must list a type for each of the {layers} layers.", **names)
        )
    if unknown := [layer_type for layer_type in types if layer_type not in known]:
        raise AttnError(
            N_(
                "{file}: {field} has {value}, which is not supported; known: {known}.",
                file=config.file,
                field=field,
                value=short(unknown[0]),
                known=listed(*known),
            )
        )
    return tuple(types)


def window(config: Config) -> int | None:
    """sliding_window: how many keys a query sees, its own included; None where the field is null."""
    return config.size_or_null("sliding_window")


def window_in_use(config: Config) -> int | None:
    """sliding_window where use_sliding_window is true (Qwen); otherwise None, whatever sliding_window is."""
    if config.flag("use_sliding_window", False):
        return window(config)
    config.get("sliding_window", None)
    return None


def causal_mask(size: int | None) -> Mask:
    """Causal, within a window of `size` keys unless it is None."""
    return CAUSAL if size is None else sliding(size)


def layer_mask(config: Config, layer_type: str, size: int | None) -> Mask:
    """The causal mask of a layer of a type. Raises AttnError where a SLIDING layer has no window."""
    if layer_type == SLIDING and size is None:
        raise AttnError(
            N_(
                "{file}: layers of type {sliding} need a sliding_window, but none is in use.",
                file=config.file,
                sliding=SLIDING,
            )
        )
    return causal_mask(size if layer_type == SLIDING else None)
