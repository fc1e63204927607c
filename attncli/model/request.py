"""What a user asks for: the text, the model, the part of the forward pass, and the output.

The command line makes a Request from its options, the Python API from its keywords; `attncli.model.pipeline`
answers it. Nothing here needs numpy, so that a command line is read before numpy is imported.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from attncli.errors import UsageError
from attncli.language import N_, listed

Indices = str | tuple[int, ...]
"""Layers, heads or tokens as requested: numbers, where negative ones count from the end; a text such as `0,2-3`,
`-1` or `all`; or the text of a token."""
Asked = int | str | Sequence[int] | None
"""What the Python API takes as Indices: also a single number; None if nothing is requested."""
POSITIONS = ("sinusoidal", "learned", "rotary", "alibi", "none")
LARGEST = {"d_model": 65536, "layers": 1024, "heads": 4096, "kv_heads": 4096, "d_ff": 1 << 20}
"""The largest sizes of seeded weights: a typo must not fill the memory."""
Attention = Literal["self", "cross", "encoder"]
Top = int | Literal["all"]


@dataclass(frozen=True, eq=False)
class Input:
    """What the model reads: a text, with a second one (`pair`) for models that take two, or token `ids`.

    `special_tokens`: whether the tokenizer adds [CLS], <s> and the like. `truncate`: keep only as many tokens as
    the model has positions. `target`, or `target_ids` with the start token: what the decoder of an
    encoder-decoder reads.
    """

    text: str | None = None
    pair: str | None = None
    ids: tuple[int, ...] | None = None
    special_tokens: bool = True
    truncate: bool = False
    target: str | None = None
    target_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class ModelSource:
    """Which model, and how it is read: the arguments of `load_model`."""

    source: str | Path | None = None
    adapter: str | Path | None = None
    tokenizer: str | Path | None = None
    dtype: str = "float32"
    ignore_config: tuple[str, ...] = ()
    seed: int | None = None
    d_model: int | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    d_ff: int | None = None
    positions: str | None = None
    causal: bool | None = None


@dataclass(frozen=True, eq=False)
class Scope:
    """Which part of the forward pass is requested. None: what the view shows by default.

    `stages`: names or globs. `encoder_queries`: the rows of an encoder's stages; None: `queries` applies to both
    sides. `keys` and `attention` are for views that follow or draw attention. `top`: how many of the largest are
    kept.
    """

    stages: tuple[str, ...] | None = None
    layers: Indices | None = None
    heads: Indices | None = None
    queries: Indices | None = None
    keys: Indices | None = None
    encoder_queries: Indices | None = None
    top: Top | None = None
    attention: Attention | None = None


@dataclass(frozen=True, eq=False)
class Output:
    """Where an answer goes and in which format. `format` None: as the ending of `path` says, or the command's
    default; `path` None: standard output. `precision` None: four digits, or fewer where there is little room.
    `language` None: the locale's. `size`, `colors` and `title` are for pictures; None: their own. `pager` False:
    long output goes to the terminal as it is. `ascii`: tables and maps consist of ASCII characters, and captions
    are in English."""

    format: str | None = None
    path: Path | None = None
    precision: int | None = None
    full: bool = False
    language: str | None = None
    size: str | None = None
    colors: str | None = None
    title: str | None = None
    pager: bool = True
    ascii: bool = False


@dataclass(frozen=True, eq=False)
class Request:
    """Everything that a user asks for."""

    input: Input = field(default_factory=Input)
    model: ModelSource = field(default_factory=ModelSource)
    scope: Scope = field(default_factory=Scope)
    output: Output = field(default_factory=Output)


def scope(
    stages: str | Iterable[str] | None = None,
    layers: Asked = None,
    heads: Asked = None,
    queries: Asked = None,
    keys: Asked = None,
    encoder_queries: Asked = None,
    top: Top | None = None,
    attention: Attention | None = None,
) -> Scope:
    """A Scope from what a user wrote. Raises UsageError for something empty, or of a wrong type."""
    if attention not in (None, "self", "cross", "encoder"):
        raise UsageError(N_("attention {attention!r}: give self, cross or encoder.", attention=attention))
    if top not in (None, "all") and not is_count(top):
        raise UsageError(N_("top {top!r}: give a number above 0, or all.", top=top))
    return Scope(
        stages=names("stages", stages),
        layers=indices_asked("layers", layers),
        heads=indices_asked("heads", heads),
        queries=indices_asked("queries", queries),
        keys=indices_asked("keys", keys),
        encoder_queries=indices_asked("encoder_queries", encoder_queries),
        top=top,
        attention=attention,
    )


def names(what: str, given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """The requested names; a single text is one name. Raises UsageError for an empty list."""
    if given is None:
        return None
    listed = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    for name in listed:
        if not isinstance(name, str):
            raise UsageError(N_("{what}: {name!r} is not a name.", what=what, name=name))
    if not listed:
        raise UsageError(N_("{what} is empty.", what=what), _EMPTY)
    return listed


def indices_asked(what: str, given: Asked) -> Indices | None:
    """The requested indices. Raises UsageError for an empty list, and for values that are not whole numbers."""
    if given is None or isinstance(given, str):
        return given
    listed = whole_numbers(what, given)
    if not listed:
        raise UsageError(N_("{what} is empty.", what=what), _EMPTY)
    return listed


def whole_numbers(what: str, given: str | int | Iterable[int]) -> tuple[int, ...]:
    """One number, several, or a text of them (`464,3797`). Raises UsageError for anything else."""
    try:
        if isinstance(given, str):
            return tuple(int(number) for number in given.replace(",", " ").split())
        if hasattr(given, "__iter__") and getattr(given, "ndim", 1) != 0:
            return tuple(operator.index(number) for number in given)
        return (operator.index(given),)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        example = "464,3797,3332" if "ids" in what else "0,2"
        raise UsageError(
            N_(
                "{what} {given!r}: whole numbers are needed, as in {what} {example}.",
                what=what,
                given=given,
                example=example,
            )
        ) from None


def is_count(value: Any) -> bool:
    """Whether a value is a whole number above 0."""
    return hasattr(value, "__index__") and not isinstance(value, bool) and operator.index(value) > 0


def checked_option(name: str, value: Any) -> Any:
    """One of the shape options of seeded weights. Raises UsageError for an unusable size."""
    if name in LARGEST and not (is_count(value) and value <= LARGEST[name]):
        raise UsageError(
            N_("{name} {value!r} is out of range: 1 to {largest}.", name=name, value=value, largest=LARGEST[name])
        )
    if name == "positions" and value not in POSITIONS:
        raise UsageError(
            N_("positions {value!r}: give one of {positions}.", value=value, positions=listed(*POSITIONS))
        )
    return value


_EMPTY = N_("Give at least one, or leave it out.")
