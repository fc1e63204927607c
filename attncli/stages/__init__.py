"""The catalogue: each stage's name, symbol, formula, axes and one-line meaning."""

from attncli.stages.entries import Entry, Place
from attncli.stages.names import (
    CATALOGUE,
    ON_REQUEST,
    attention_of,
    entry_of,
    last_layer,
    layer_of,
    offered,
    place_of,
    relative,
    stack_of,
)

__all__ = [
    "CATALOGUE",
    "ON_REQUEST",
    "Entry",
    "Place",
    "attention_of",
    "entry_of",
    "last_layer",
    "layer_of",
    "offered",
    "place_of",
    "relative",
    "stack_of",
]
