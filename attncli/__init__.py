"""attn: every number between a sentence and the attention output.

>>> import attncli
>>> trace = attncli.trace("The cat sat on the mat", stages=["attn.weights"])
>>> trace["layers.0.attn.weights"].values.shape
(4, 7, 7)

`load_model` makes a Model: the one in the box, seeded weights, one layer's file, or a checkpoint; `trace` takes a
text through it and gives a Trace of named Stages; `tokenize` shows how it cuts a text; `describe` tells what a
checkpoint is without reading its tensors. What goes wrong is an AttnError, or its kind UsageError where the
request makes no sense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attncli.version import __version__

if TYPE_CHECKING:
    from attncli.api import tokenize, trace
    from attncli.errors import AttnError, UsageError
    from attncli.model.describing import describe
    from attncli.model.loading import load_model
    from attncli.model.running import Model
    from attncli.tracing.stage import Stage
    from attncli.tracing.trace import Trace

__all__ = [
    "AttnError",
    "Model",
    "Stage",
    "Trace",
    "UsageError",
    "__version__",
    "describe",
    "load_model",
    "tokenize",
    "trace",
]

_HOMES = {
    "tokenize": "api",
    "trace": "api",
    "describe": "model.describing",
    "load_model": "model.loading",
    "Model": "model.running",
    "Stage": "tracing.stage",
    "Trace": "tracing.trace",
    "AttnError": "errors",
    "UsageError": "errors",
}


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that `attn --help` need not wait for numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'attncli' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"attncli.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
