"""A model: Spec + weights + tokenizer, and how a text is run through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attncli.architecture.spec import Spec
from attncli.model.forward import Weights, forward
from attncli.model.input import check_tokens
from attncli.text.tokenization import Tokenizer
from attncli.text.tokens import Tokens
from attncli.tracing.recording import Enough, OnPart, Recorder, Selection
from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo


@dataclass(frozen=True, eq=False)
class Model:
    """All that is needed to trace a text. Of seeded weights, whose vocabulary is the sentence's own words, `spec`
    and `weights` depend on the tokens: `bind` gives the model of some tokens. `source` is where it comes from: a
    path, or the seed. `layer`: which is shown where none is asked for."""

    name: str
    source: str
    spec: Spec
    weights: Weights
    tokenizer: Tokenizer | None
    bind: Callable[[Model, Tokens], Model] = lambda model, tokens: model
    layer: int = 0

    def __repr__(self) -> str:
        """Model('story', llama, 4 layers × 4 heads, d_model 128)"""
        layers = " + ".join(str(len(stack.layers)) for stack in self.spec.stacks)
        sizes = f"{layers} layers × {self.spec.heads} heads, d_model {self.spec.d_model}"
        return f"Model({self.name!r}, {self.spec.family}, {sizes})"

    @property
    def info(self) -> ModelInfo:
        s = self.spec
        return ModelInfo(
            name=self.name,
            family=s.family,
            source=self.source,
            layers=len(s.main.layers),
            heads=s.heads,
            kv_heads=s.kv_heads,
            d_model=s.d_model,
            d_head=s.d_head,
            vocab=s.vocab,
            positions=s.positions,
            causal=s.causal,
            encoder_layers=0 if s.encoder is None else len(s.encoder.layers),
        )


def run(
    model: Model,
    tokens: Tokens,
    selection: Selection,
    on_stage: Callable[[Stage], None],
    top: int | None = None,
    target: Tokens | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
    on_part: OnPart | None = None,
) -> None:
    """Computes the selected stages, in order, and hands each to `on_stage`; nothing else is computed.

    `top` keeps only the largest of logits and probs. `target`: the decoder's tokens, where there is an encoder.
    `progress` is told, as the work goes on, which fraction of it is done. `on_part` takes the stages [head, query,
    key] in parts as they are computed; they are then not handed to `on_stage`, nor kept.
    Raises UsageError where the tokens do not suit the model (an id or a segment that it does not have, more
    tokens than positions).
    """
    inputs = (tokens,) if target is None else (tokens, target)
    check_tokens(model.spec, tokens, target)
    lengths = {stack.prefix: len(side) for stack, side in zip(model.spec.stacks, inputs, strict=True)}
    recorder = Recorder(model.spec, selection, lengths, on_stage, top, inputs[-1].word, progress, on_part)
    # NaN and infinity in weights are shown and warned about; numpy need not say it a second time
    with np.errstate(all="ignore"):
        try:
            forward(model.spec, model.weights, inputs, recorder)
        except Enough:
            return
