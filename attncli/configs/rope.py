"""Rotary positions by config.json: its older fields (rope_theta, rope_scaling) or the newer (rope_parameters)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from attncli.architecture.spec import Rotary
from attncli.configs.fields import Config, short
from attncli.errors import AttnError
from attncli.formula import positions as formula
from attncli.formula.types import Array

Settings = dict[str, Any]


def rotary(
    config: Config,
    d_head: int,
    *,
    theta: float = 10000.0,
    partial: float = 1.0,
    settings: Settings | None = None,
    interleaved: bool = False,
    start: int = 0,
) -> Rotary:
    """The rotary positions of heads of d_head dimensions, of which `partial` (or the config's
    partial_rotary_factor) are turned. `theta` and `partial` are the family's defaults; `settings` replaces what
    the config has (for layers with rotary positions of their own). Raises AttnError for an unknown scaling.
    """
    settings = rope_settings(config, theta, partial) if settings is None else checked(config, settings)
    kind = settings.pop("rope_type", settings.pop("type", None)) or "default"
    settings.pop("type", None)
    base = float(settings.pop("rope_theta", theta))
    size = int(d_head * float(settings.pop("partial_rotary_factor", partial)))
    if size % 2 or size < 2:
        raise AttnError(f"{config.file}: rotary positions turn pairs of dimensions, not {size}.")
    if not isinstance(kind, str) or kind not in KINDS:
        raise AttnError(
            f"{config.file}: rope scaling of type {short(kind)} is not supported; known: {', '.join(KINDS)}."
        )
    needed, optional, made = KINDS[kind]
    for name in needed:
        if name not in settings:
            raise AttnError(f"{config.file}: rope scaling {kind!r} needs {name!r}.")
        if name in BY_PAIR and len(settings[name]) != size // 2:
            raise AttnError(f"{config.file}: {name} lists {len(settings[name])} numbers for {size // 2} pairs.")
    known = {*needed, *optional, "original_max_position_embeddings"}
    if kind != "default" and (unknown := sorted(set(settings) - known)):
        raise AttnError(f"{config.file}: rope scaling {kind!r} has an unknown field {unknown[0]!r}.")
    if kind == "llama3" and settings["low_freq_factor"] >= settings["high_freq_factor"]:
        raise AttnError(
            f"{config.file}: rope scaling {kind!r} needs a low_freq_factor below its high_freq_factor."
        )
    if kind == "dynamic" and size == 2:
        raise AttnError(f"{config.file}: rope scaling {kind!r} needs more than one pair of dimensions to turn.")
    settings["max_position_embeddings"] = config.size("max_position_embeddings", 2048)
    frequencies, factor = made(size, base, settings)
    return Rotary(frequencies, size, start, interleaved, factor)


def rope_settings(config: Config, theta: float = 10000.0, partial: float = 1.0) -> Settings:
    """What config.json says of rotary positions, in the newer form whichever it has. Raises AttnError for a value
    that is none."""
    older = checked(config, config.get("rope_scaling", {}), "rope_scaling")
    settings = checked(config, config.get("rope_parameters", older), "rope_parameters")
    settings = {"rope_theta": config.get("rope_theta", theta)} | settings
    settings = {"partial_rotary_factor": config.get("partial_rotary_factor", partial)} | settings
    original = config.get("original_max_position_embeddings", None)
    if original is not None:
        settings["original_max_position_embeddings"] = original
    return checked(config, settings)


def checked(config: Config, settings: Any, field: str = "rope_parameters") -> Settings:
    """Settings without those that are null. Raises AttnError for a value that its field cannot have."""
    if not isinstance(settings, dict):
        raise AttnError(f"{config.file}: {field} is {short(settings)}; an object is needed.")
    found = {name: value for name, value in settings.items() if value is not None}
    for name, value in found.items():
        fits, wanted = FITTING.get(name, (lambda _: True, ""))
        if not fits(value):
            raise AttnError(
                f"{config.file}: {name} of the rotary positions is {short(value)}; {wanted} is needed."
            )
    return found


def _is_number(value: Any, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > above


Fitting = tuple[Callable[[Any], bool], str]
KIND: Fitting = lambda value: isinstance(value, str), "a name"
FLAG: Fitting = lambda value: isinstance(value, bool), "true or false"
ABOVE_ZERO: Fitting = lambda value: _is_number(value, 0), "a number above 0"
ABOVE_ONE: Fitting = lambda value: _is_number(value, 1), "a number above 1"
LENGTH: Fitting = lambda value: _is_number(value, 1) and value >= 2, "a number of tokens, 2 at least,"
NOT_BELOW_ZERO: Fitting = lambda value: value == 0 or _is_number(value, 0), "a number that is not below 0"
SHARE: Fitting = lambda value: _is_number(value, 0) and value <= 1, "a number above 0 and not above 1"
NUMBERS: Fitting = (
    lambda value: isinstance(value, list) and all(_is_number(one, 0) for one in value),
    "a list of numbers above 0",
)
BY_PAIR = ("short_factor", "long_factor")
FITTING: dict[str, Fitting] = {
    "rope_type": KIND,
    "type": KIND,
    "truncate": FLAG,
    "rope_theta": ABOVE_ONE,
    "original_max_position_embeddings": LENGTH,
    "partial_rotary_factor": SHARE,
    "mscale": NOT_BELOW_ZERO,
    "mscale_all_dim": NOT_BELOW_ZERO,
    **dict.fromkeys(("factor", "attention_factor", "beta_fast", "beta_slow"), ABOVE_ZERO),
    **dict.fromkeys(("low_freq_factor", "high_freq_factor"), ABOVE_ZERO),
    **dict.fromkeys(BY_PAIR, NUMBERS),
}
"""The fields of the settings -> what their values must be."""


def grows_with_length(config: Config) -> bool:
    """Whether the rotary positions stretch with the text, whatever its length."""
    settings = rope_settings(config)
    of_kinds = [part for part in settings.values() if isinstance(part, dict)]  # of layers that differ
    return any(part.get("rope_type", part.get("type")) == "dynamic" for part in (settings, *of_kinds))


Made = tuple[Callable[[int], Array], float]


def _always(frequencies: Array, factor: float = 1.0) -> Made:
    """The same for texts of any length; float32, as the reference keeps them."""
    kept = frequencies.astype(np.float32)
    return (lambda length: kept), factor


def _default(size: int, base: float, s: Settings) -> Made:
    return _always(formula.inverse_frequencies(size, base))


def _linear(size: int, base: float, s: Settings) -> Made:
    return _always(formula.scale_linear(formula.inverse_frequencies(size, base), s["factor"]))


def _llama3(size: int, base: float, s: Settings) -> Made:
    frequencies = formula.inverse_frequencies(size, base)
    return _always(
        formula.scale_llama3(frequencies, s["factor"], s["low_freq_factor"], s["high_freq_factor"], _original(s))
    )


def _dynamic(size: int, base: float, s: Settings) -> Made:
    known = s["max_position_embeddings"]

    def frequencies(length: int) -> Array:
        longer = formula.dynamic_base(size, base, s["factor"], max(length, known), known)
        return formula.inverse_frequencies(size, longer).astype(np.float32)

    return frequencies, 1.0


def _yarn(size: int, base: float, s: Settings) -> Made:
    factor = s.get("factor") or s["max_position_embeddings"] / _original(s)
    frequencies = formula.scale_yarn(
        formula.inverse_frequencies(size, base), base, factor, _original(s),
        s.get("beta_fast") or 32, s.get("beta_slow") or 1, s.get("truncate", True),
    )  # fmt: skip
    m, all_dim = s.get("mscale"), s.get("mscale_all_dim")
    suggested = yarn_scale(factor, m) / yarn_scale(factor, all_dim) if m and all_dim else yarn_scale(factor)
    return _always(frequencies, float(s.get("attention_factor", suggested)))


def yarn_scale(factor: float, m: float = 1.0) -> float:
    """0.1 m ln(factor) + 1: how much sharper attention must be over a longer text (Peng et al. 2023, §3.4)."""
    return 1.0 if factor <= 1 else 0.1 * m * math.log(factor) + 1.0


def _longrope(size: int, base: float, s: Settings) -> Made:
    original = _original(s)
    factor = s.get("factor") or s["max_position_embeddings"] / original
    suggested = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    frequencies = formula.inverse_frequencies(size, base)
    short, long = ((frequencies / np.asarray(s[f"{n}_factor"])).astype(np.float32) for n in ("short", "long"))
    return (lambda length: long if length > original else short), float(s.get("attention_factor", suggested))


def _original(s: Settings) -> int:
    """The length that the model was first trained with."""
    return int(s.get("original_max_position_embeddings") or s["max_position_embeddings"])


KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[int, float, Settings], Made]]] = {
    "default": ((), (), _default),
    "linear": (("factor",), (), _linear),
    "dynamic": (("factor",), (), _dynamic),
    "yarn": (
        (),
        ("factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"),
        _yarn,
    ),
    "longrope": (("short_factor", "long_factor"), ("factor", "attention_factor"), _longrope),
    "llama3": (("factor", "low_freq_factor", "high_freq_factor"), (), _llama3),
}
"""The kind of scaling -> the fields that it needs, those that it may have, and what it makes of them."""
