"""The settings of a comparison. Nothing here needs numpy, whose threads are limited before it is imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attncli.errors import UsageError
from attncli.language import N_, listed
from attncli.model.request import is_count

EXPERIMENTS = ("sequential", "range", "order")
"""By name, in the order in which they run."""
D_MODEL, WIDEST, LONGEST = 64, 1024, 1 << 16
LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True)
class Settings:
    """The experiments that run, the size and the seed of the layers, the lengths to time (in ascending order), and
    the tokenizer."""

    experiments: tuple[str, ...] = EXPERIMENTS
    d_model: int = D_MODEL
    seed: int = 0
    gain: float = 1.0
    forget_bias: float = 1.0
    lengths: tuple[int, ...] = LENGTHS
    tokenizer: str | Path = "words"


def settings(
    only: Sequence[str] | None = None,
    d_model: int = D_MODEL,
    seed: int = 0,
    gain: float | None = None,
    forget_bias: float | None = None,
    lengths: str | Sequence[int] | None = None,
    tokenizer: str | Path = "words",
) -> Settings:
    """Settings from what a user gives; `lengths` may be a text (`16,128,1024`). Raises UsageError for settings
    that are out of range or contradict each other."""
    experiments = tuple(only) if only else EXPERIMENTS
    for name in experiments:
        if name not in EXPERIMENTS:
            raise UsageError(
                N_("no experiment {name!r}.", name=name),
                N_("Known: {experiments}.", experiments=listed(*EXPERIMENTS)),
            )
    if not is_count(d_model) or not 2 <= d_model <= WIDEST:
        raise UsageError(
            N_("--d-model {d_model!r} is out of range: 2 to {widest}.", d_model=d_model, widest=WIDEST)
        )
    if d_model % 2 and "order" in experiments:
        raise UsageError(
            N_("--d-model {d_model} is odd, and sinusoidal positions come in pairs.", d_model=d_model),
            N_("Use an even number."),
        )
    if lengths is not None and "sequential" not in experiments:
        raise UsageError(
            N_("--lengths only affects the experiment sequential, which --only leaves out."),
            N_("Add --only sequential, or leave out --lengths."),
        )
    for flag, value in (("gain", gain), ("forget-bias", forget_bias)):
        if value is not None and experiments == ("sequential",):
            raise UsageError(N_("--{flag} does not affect the experiment sequential.", flag=flag))
    if gain is not None and not 0 <= gain <= 100:
        raise UsageError(N_("--gain {gain:g} is out of range: 0 to 100.", gain=gain))
    if forget_bias is not None and not -100 <= forget_bias <= 100:
        raise UsageError(
            N_("--forget-bias {forget_bias:g} is out of range: -100 to 100.", forget_bias=forget_bias)
        )
    return Settings(
        experiments,
        d_model,
        seed,
        1.0 if gain is None else gain,
        1.0 if forget_bias is None else forget_bias,
        LENGTHS if lengths is None else _lengths(lengths),
        tokenizer,
    )


def _lengths(asked: str | Sequence[int]) -> tuple[int, ...]:
    """The lengths to time, in ascending order."""
    try:
        lengths = sorted({int(length) for length in (asked.split(",") if isinstance(asked, str) else asked)})
    except (TypeError, ValueError):
        lengths = []
    if not lengths or not 1 <= lengths[0] <= lengths[-1] <= LONGEST:
        raise UsageError(
            N_(
                "--lengths {asked!r}: give numbers from 1 to {longest}, as in --lengths 16,128,1024.",
                asked=asked,
                longest=LONGEST,
            )
        )
    return tuple(lengths)
