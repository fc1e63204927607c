"""What is asked of positional encodings. Nothing here needs numpy, so that a command line can name it."""

from __future__ import annotations

from dataclasses import dataclass

from attncli.model.request import Indices

ENCODINGS = ("sinusoidal", "rotary", "alibi")


@dataclass(frozen=True)
class EncodingRequest:
    """Which positional encodings, and where: the first `length` positions, or those of `position`. None: the
    default."""

    kind: str | None = None
    dim: int | None = None
    length: int | None = None
    position: Indices | None = None
    base: float | None = None
    heads: int | None = None
