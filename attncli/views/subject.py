"""What a page is about: the block of a model and the facts that its page begins with."""

from __future__ import annotations

from attncli.render.page.blocks import Subject
from attncli.text.language import N_, joined
from attncli.tracing.trace import ModelInfo, Trace


def subject(head: Trace) -> Subject:
    """The block of a trace's model, without tokens."""
    model = head.model
    assert model is not None
    source = model.source if model.source.startswith("seed ") else model.family
    return Subject(model.name, tuple(_facts(model)), source)


def _facts(model: ModelInfo) -> list[str]:
    encoder = f"{model.encoder_layers} + " if model.encoder_layers else ""
    layers = N_("{count} layer", count=model.layers) if model.layers == 1 else N_("{count} layers", count=model.layers)
    heads = N_("{count} head", count=model.heads) if model.heads == 1 else N_("{count} heads", count=model.heads)
    facts = [joined("", encoder, layers, " × ", heads)]
    if model.kv_heads != model.heads:
        facts.append(
            N_("{count} key/value head", count=model.kv_heads)
            if model.kv_heads == 1
            else N_("{count} key/value heads", count=model.kv_heads)
        )
    positions = N_("no positions") if model.positions == "none" else N_("{kind} positions", kind=N_(model.positions))
    return [
        *facts,
        f"d_model {model.d_model}",
        f"d_head {model.d_head}",
        positions,
        N_("causal") if model.causal else N_("bidirectional"),
    ]
