"""attn: every number between a sentence and the attention output.

>>> import attncli
>>> trace = attncli.trace("The cat sat on the mat", stages="attn.weights")
>>> trace["layers.0.attn.weights"].values.shape
(4, 8, 8)

There is a function for each thing that the command line does. `trace` takes a text through a model and gives a
Trace of named Stages; `follow` follows one query token through the formula; `maps` shows where heads attend,
`overview` every head at a glance; `positions` and `similarity` show positional encodings; `tokens` splits a text
into tokens; `versus` compares attention with recurrence; `describe` describes a checkpoint without reading its
tensors; `families` lists the families of models that attn knows; `catalogue` lists the stages. `load_model` loads
a Model that you can use several times: the one that comes with attn, seeded weights, a file with one layer, or a
checkpoint.

Errors are AttnErrors; a request that makes no sense raises its subclass UsageError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attncli.version import __version__

if TYPE_CHECKING:
    from attncli.api import (
        Model,
        Stage,
        Trace,
        follow,
        load_model,
        maps,
        positions,
        similarity,
        tokenize,
        tokenize_target,
        tokens,
        trace,
        versus,
    )
    from attncli.errors import AttnError, UsageError
    from attncli.lookup import catalogue, describe, families, overview

__all__ = [
    "AttnError",
    "Model",
    "Stage",
    "Trace",
    "UsageError",
    "__version__",
    "catalogue",
    "describe",
    "families",
    "follow",
    "load_model",
    "maps",
    "overview",
    "positions",
    "similarity",
    "tokenize",
    "tokenize_target",
    "tokens",
    "trace",
    "versus",
]

_MODULES = {
    **dict.fromkeys(("AttnError", "UsageError"), "errors"),
    **dict.fromkeys(("catalogue", "describe", "families", "overview"), "lookup"),
}
"""The modules of the names that are not in attncli.api."""


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that `attn --help` need not wait for numpy."""
    if name not in __all__:
        raise AttributeError(f"module 'attncli' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"attncli.{_MODULES.get(name, 'api')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
