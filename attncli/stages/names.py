"""The names of stages: those that code refers to, and the parts of a full name such as `layers.3.attn.q`."""

from __future__ import annotations

from functools import lru_cache

EMBED, FINAL, LOGITS, PROBS = "embed", "final", "logits", "probs"
SELF, CROSS = "attn", "cross"
"""How the names of a layer's own attention and of its attention to the encoder begin."""
ATTENTIONS = (f"{SELF}.", f"{CROSS}.")

# Within an attention, in the order of computation
Q, Q_NORMED, Q_ROTATED = "q", "q_normed", "q_rotated"
K, K_NORMED, K_ROTATED = "k", "k_normed", "k_rotated"
V = "v"
SCORES, SCALED, BIASED, CAPPED, MASKED = "scores", "scaled", "biased", "capped", "masked"
CONTENT_TO_POSITION, POSITION_TO_CONTENT = "content_to_position", "position_to_content"
MASKED_WITH_SINK, WEIGHTS_WITH_SINK = "masked_with_sink", "weights_with_sink"
WEIGHTS, MIXED, HEADS, OUTPUT = "weights", "mixed", "heads", "output"

QUERIES, KEYS = (Q_ROTATED, Q_NORMED, Q), (K_ROTATED, K_NORMED, K)
"""The queries and keys that the scores may come from: the first of these that an attention has."""
BEFORE_SOFTMAX = (SCORES, SCALED, CONTENT_TO_POSITION, POSITION_TO_CONTENT, BIASED, CAPPED, MASKED)
"""From Q Kᵀ to what the softmax reads; those that an attention has."""
FROM_MASK_ON = (MASKED, MASKED_WITH_SINK, WEIGHTS_WITH_SINK, WEIGHTS)
"""The stages [head, query, key] from the mask on: before it, every query has a score for every key."""

ON_REQUEST = frozenset({f"{SELF}.{HEADS}", f"{CROSS}.{HEADS}"})
"""Stages that `all` leaves out, because the forward pass does not need them."""


@lru_cache(maxsize=1 << 16)
def split(name: str) -> tuple[str, int | None, str]:
    """The stack, the layer and the rest of a full name: ("decoder", 3, "attn.q") for `decoder.layers.3.attn.q`;
    the stack is empty for a model with one, the layer None outside the layers."""
    stack, _, rest = name.partition(".")
    if stack not in ("encoder", "decoder"):
        stack, rest = "", name
    parts = rest.split(".", 2)
    if parts[0] != "layers":
        return stack, None, rest
    numbered = len(parts) > 2 and parts[1].isdecimal() and len(parts[1]) < 10
    return stack, int(parts[1]) if numbered else None, parts[2] if len(parts) > 2 else ""


def relative(name: str) -> str:
    """attn.q for `decoder.layers.3.attn.q`; a name outside the layers without its stack."""
    return split(name)[2]


def layer_of(name: str) -> int | None:
    """3 for `layers.3.attn.q`, None for a stage outside the layers."""
    return split(name)[1]


def within_attention(name: str) -> str:
    """weights for `layers.3.attn.weights` and `layers.3.cross.weights`."""
    return name.rpartition(".")[2]


def is_cross(name: str) -> bool:
    """Whether a stage belongs to the attention to the encoder."""
    return relative(name).startswith(f"{CROSS}.")
