"""Rotary positions from config.json: its older fields (rope_theta, rope_scaling) or newer ones
(rope_parameters)."""

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
from attncli.language import N_, listed

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
    """The rotary positions of heads of d_head dimensions.

    The config's partial_rotary_factor is the share of dimensions that rotate. `theta` and `partial` are the
    family's defaults for rope_theta and partial_rotary_factor. `settings` replaces the config's own, for layers
    with rotary positions of their own. Raises AttnError for an unknown or incomplete scaling.
    """
    settings = rope_settings(config, theta, partial) if settings is None else checked(config, settings)
    kind = settings.pop("rope_type", settings.pop("type", None)) or "default"
    settings.pop("type", None)
    base = float(settings.pop("rope_theta", theta))
    size = int(d_head * float(settings.pop("partial_rotary_factor", partial)))
    if size % 2 or size < 2:
        raise AttnError(
            N_(
                "{file}: rotary positions need an even number of dimensions, not {size}.",
                file=config.file,
                size=size,
            )
        )
    if not isinstance(kind, str) or kind not in SCALINGS:
        raise AttnError(
            N_(
                "{file}: rope scaling of type {kind} is not supported; known: {scalings}.",
                file=config.file,
                kind=short(kind),
                scalings=listed(*SCALINGS),
            )
        )
    needed, optional, scaled = SCALINGS[kind]
    for name in needed:
        if name not in settings:
            raise AttnError(
                N_("{file}: rope scaling {kind!r} needs {name!r}.", file=config.file, kind=kind, name=name)
            )
        if name in BY_PAIR and len(settings[name]) != size // 2:
            raise AttnError(
                N_(
                    "{file}: {name} lists {count} numbers, but there are {size} pairs.",
                    file=config.file,
                    name=name,
                    count=len(settings[name]),
                    size=size // 2,
                )
            )
    known = {*needed, *optional, "original_max_position_embeddings"}
    if kind != "default" and (unknown := sorted(set(settings) - known)):
        raise AttnError(
            N_(
                "{file}: rope scaling {kind!r} has an unknown field {unknown!r}.",
                file=config.file,
                kind=kind,
                unknown=unknown[0],
            )
        )
    if kind == "llama3" and settings["low_freq_factor"] >= settings["high_freq_factor"]:
        raise AttnError(
            N_(
                "{file}: rope scaling {kind!r} needs a low_freq_factor smaller than its high_freq_factor.",
                file=config.file,
                kind=kind,
            )
        )
    if kind == "dynamic" and size == 2:
        raise AttnError(
            N_(
                "{file}: rope scaling {kind!r} needs more than one pair of dimensions.",
                file=config.file,
                kind=kind,
            )
        )
    settings["max_position_embeddings"] = config.size("max_position_embeddings", 2048)
    frequencies, factor = scaled(size, base, settings)
    return Rotary(frequencies, size, start, interleaved, factor)


def rope_settings(config: Config, theta: float = 10000.0, partial: float = 1.0) -> Settings:
    """The rotary settings of config.json in the newer form (rope_parameters), also where it has the older one.
    Raises AttnError for an invalid value."""
    older = checked(config, config.get("rope_scaling", {}), "rope_scaling")
    settings = checked(config, config.get("rope_parameters", older), "rope_parameters")
    settings = {"rope_theta": config.get("rope_theta", theta)} | settings
    settings = {"partial_rotary_factor": config.get("partial_rotary_factor", partial)} | settings
    original = config.get("original_max_position_embeddings", None)
    if original is not None:
        settings["original_max_position_embeddings"] = original
    return checked(config, settings)


def checked(config: Config, settings: Any, field: str = "rope_parameters") -> Settings:
    """The settings that are not null. Raises AttnError for an invalid value."""
    if not isinstance(settings, dict):
        raise AttnError(
            N_(
                "{file}: {field} is {settings}; it must be an object.",
                file=config.file,
                field=field,
                settings=short(settings),
            )
        )
    given = {name: value for name, value in settings.items() if value is not None}
    for name, value in given.items():
        is_valid, description = CHECKS.get(name, (lambda _: True, ""))
        if not is_valid(value):
            raise AttnError(
                N_(
                    "{file}: {name} of the rotary positions is {value}; it must be {description}.",
                    file=config.file,
                    name=name,
                    value=short(value),
                    description=description,
                )
            )
    return given


def _is_number(value: Any, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > above


Check = tuple[Callable[[Any], bool], str]
KIND: Check = lambda value: isinstance(value, str), N_("a name")
FLAG: Check = lambda value: isinstance(value, bool), N_("true or false")
ABOVE_ZERO: Check = lambda value: _is_number(value, 0), N_("a number above 0")
ABOVE_ONE: Check = lambda value: _is_number(value, 1), N_("a number above 1")
LENGTH: Check = lambda value: _is_number(value, 1) and value >= 2, N_("a number of tokens, at least 2")
NOT_BELOW_ZERO: Check = lambda value: value == 0 or _is_number(value, 0), N_("a number not below 0")
SHARE: Check = lambda value: _is_number(value, 0) and value <= 1, N_("a number above 0 and at most 1")
NUMBERS: Check = (
    lambda value: isinstance(value, list) and all(_is_number(number, 0) for number in value),
    N_("a list of numbers above 0"),
)
BY_PAIR = ("short_factor", "long_factor")
CHECKS: dict[str, Check] = {
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
"""A field of the settings -> the test of its value, and what the value must be, for the message."""


def grows_with_length(config: Config) -> bool:
    """Whether the rotary positions adapt to a text of any length (dynamic scaling)."""
    settings = rope_settings(config)
    by_layer_type = [inner for inner in settings.values() if isinstance(inner, dict)]
    return any(s.get("rope_type", s.get("type")) == "dynamic" for s in (settings, *by_layer_type))


Scaled = tuple[Callable[[int], Array], float]
"""The frequencies for a text of some length (radians per position, float32 [size / 2]), and the factor of sine and
cosine."""


def _fixed(frequencies: Array, factor: float = 1.0) -> Scaled:
    """The same frequencies for every length, in float32 as in the reference."""
    rounded = frequencies.astype(np.float32)
    return (lambda length: rounded), factor


def _default(size: int, base: float, s: Settings) -> Scaled:
    return _fixed(formula.inverse_frequencies(size, base))


def _linear(size: int, base: float, s: Settings) -> Scaled:
    return _fixed(formula.scale_linear(formula.inverse_frequencies(size, base), s["factor"]))


def _llama3(size: int, base: float, s: Settings) -> Scaled:
    frequencies = formula.inverse_frequencies(size, base)
    return _fixed(
        formula.scale_llama3(frequencies, s["factor"], s["low_freq_factor"], s["high_freq_factor"], _original(s))
    )


def _dynamic(size: int, base: float, s: Settings) -> Scaled:
    known = s["max_position_embeddings"]

    def frequencies(length: int) -> Array:
        longer = formula.dynamic_base(size, base, s["factor"], max(length, known), known)
        return formula.inverse_frequencies(size, longer).astype(np.float32)

    return frequencies, 1.0


def _yarn(size: int, base: float, s: Settings) -> Scaled:
    factor = s.get("factor") or s["max_position_embeddings"] / _original(s)
    frequencies = formula.scale_yarn(
        formula.inverse_frequencies(size, base), base, factor, _original(s),
        s.get("beta_fast") or 32, s.get("beta_slow") or 1, s.get("truncate", True),
    )  # fmt: skip
    m, all_dim = s.get("mscale"), s.get("mscale_all_dim")
    suggested = yarn_scale(factor, m) / yarn_scale(factor, all_dim) if m and all_dim else yarn_scale(factor)
    return _fixed(frequencies, float(s.get("attention_factor", suggested)))


def yarn_scale(factor: float, m: float = 1.0) -> float:
    """0.1 m ln(factor) + 1: sharpens attention over a longer text (Peng et al. 2023, YaRN, §3.4)."""
    return 1.0 if factor <= 1 else 0.1 * m * math.log(factor) + 1.0


def _longrope(size: int, base: float, s: Settings) -> Scaled:
    original = _original(s)
    factor = s.get("factor") or s["max_position_embeddings"] / original
    suggested = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    frequencies = formula.inverse_frequencies(size, base)
    short, long = ((frequencies / np.asarray(s[f"{n}_factor"])).astype(np.float32) for n in ("short", "long"))
    return (lambda length: long if length > original else short), float(s.get("attention_factor", suggested))


def _original(s: Settings) -> int:
    """The context length of the original training."""
    return int(s.get("original_max_position_embeddings") or s["max_position_embeddings"])


SCALINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[int, float, Settings], Scaled]]] = {
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
"""rope_type -> the fields that it needs, the fields that it may have, and its function."""
