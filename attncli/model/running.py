"""A model: Spec + weights + tokenizer, and how a text is run through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from attncli.architecture.spec import Spec
from attncli.model.forward import Weights, forward
from attncli.model.input import check_tokens
from attncli.text.tokenization import Tokenizer
from attncli.text.tokens import Tokens
from attncli.tracing.interventions import Intervention, interventions_on
from attncli.tracing.recorder import Recorder
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import Enough, OnPart
from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo


@dataclass(frozen=True, eq=False)
class Model:
    """All that is needed to trace a text.

    `source`: where it comes from, a path or the seed. `layer`: the one to show where none is asked for. The
    vocabulary of seeded weights is the words of the sentence, so `spec` and `weights` depend on the tokens: `bind`
    gives the model for some tokens.
    """

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
    interventions: Mapping[str, Intervention] | None = None,
) -> None:
    """Computes the selected stages, in order, and hands each to `on_stage`; nothing else is computed.

    `top` keeps only the largest of logits and probs. `target`: the decoder's tokens, for a model with an encoder.
    `progress` is called with the fraction that is done, 0 to 1. `on_part` takes the stages [head, query, key] in
    parts as they are computed; they are then neither handed to `on_stage` nor kept.

    `interventions`: functions that change stages, by the name or glob of the stages that each changes, as in
    `{"layers.0.attn.weights": uniform}`; see `Intervention`. The forward goes on with what they return, and that
    is what is recorded.

    Raises UsageError where the tokens do not suit the model (an id that its vocabulary does not have, more tokens
    than positions) or an intervention names no stage, AttnError where one returns another shape.
    """
    inputs = (tokens,) if target is None else (tokens, target)
    check_tokens(model.spec, tokens, target)
    lengths = {stack.prefix: len(side) for stack, side in zip(model.spec.stacks, inputs, strict=True)}
    recorder = Recorder(model.spec, selection, lengths, on_stage, top, inputs[-1].word, progress, on_part,
                        interventions_on(model.spec, interventions or {}))  # fmt: skip
    # NaN and infinity in weights are shown and warned about; numpy need not say it a second time
    with np.errstate(all="ignore"):
        try:
            forward(model.spec, model.weights, inputs, recorder)
        except Enough:
            return
