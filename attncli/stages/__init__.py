"""The catalogue: each stage's name, symbol, formula, axes and one-line meaning."""

from attncli.stages.catalogue import (
    CATALOGUE,
    attention_of,
    context_of,
    entry_of,
    last_layer,
    offered,
    stack_of,
)
from attncli.stages.entries import HEAD_AXES, Context, Entry
from attncli.stages.names import ON_REQUEST, layer_of, relative

__all__ = [
    "CATALOGUE",
    "HEAD_AXES",
    "ON_REQUEST",
    "Context",
    "Entry",
    "attention_of",
    "context_of",
    "entry_of",
    "last_layer",
    "layer_of",
    "offered",
    "relative",
    "stack_of",
]
