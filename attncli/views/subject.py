"""What a page about a model begins with: the model in a line, and the tokens it reads."""

from __future__ import annotations

from attncli.language import N_, Say
from attncli.render.page.blocks import Subject
from attncli.text.tokens import Tokens
from attncli.text.visible import visible, visible_line
from attncli.tracing.trace import ModelInfo, Trace

POSITIONS = {
    "learned": N_("learned positions"),
    "sinusoidal": N_("sinusoidal positions"),
    "rotary": N_("rotary positions"),
    "alibi": N_("alibi positions"),
    "relative": N_("relative positions"),
    "none": N_("no positions"),
}


def opening(head: Trace, say: Say, tokens: bool = True) -> list[Subject]:
    """The subject of a trace; nothing for a trace without a model (positional encodings). `tokens` False: the page
    shows them elsewhere."""
    if head.model is None or head.tokens is None:
        return []
    return [subject(head.model, say, head.tokens if tokens else None, head.target if tokens else None)]


def subject(model: ModelInfo, say: Say, tokens: Tokens | None = None, target: Tokens | None = None) -> Subject:
    """A model's name, where it comes from, and its sizes."""
    encoder = f"{model.encoder_layers} + " if model.encoder_layers else ""
    layers = say.counted("{count} layer", "{count} layers", model.layers)
    facts = [
        f"{encoder}{layers} × {say.counted('{count} head', '{count} heads', model.heads)}",
        *([_key_value_heads(model, say)] if model.kv_heads != model.heads else []),
        f"d_model {model.d_model}",
        f"d_head {model.d_head}",
        say(POSITIONS[model.positions]),
        say("causal") if model.causal else say("bidirectional"),
    ]
    seeded = model.source.startswith("seed ")
    source = say("seed {seed}", seed=model.source.removeprefix("seed ")) if seeded else model.family
    return Subject(visible_line(model.name), facts, visible_line(source), tokens, target)


def _key_value_heads(model: ModelInfo, say: Say) -> str:
    return say.counted("{count} key/value head", "{count} key/value heads", model.kv_heads)


def token_labels(tokens: Tokens | None) -> list[str]:
    """The index and the text of each token, the indices aligned; nothing where there are no tokens."""
    if tokens is None:
        return []
    width = len(str(len(tokens) - 1))
    return [f"{index:>{width}} {visible(text)}" for index, text in enumerate(tokens.texts)]
