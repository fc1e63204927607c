"""Running tokens through a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from attncli.model.checking import check_parameters
from attncli.model.forward import forward
from attncli.model.input import check_tokens
from attncli.model.model import Model
from attncli.model.modules import modules_of
from attncli.text.tokens import Tokens
from attncli.tracing.interventions import Intervention, interventions_on
from attncli.tracing.recorder import Recorder
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import Enough, OnPart
from attncli.tracing.stage import Stage


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
    than positions) or an intervention names no stage; AttnError for a tensor that the checkpoint lacks or that
    does not fit, before anything is computed, and where an intervention returns another shape.
    """
    inputs = (tokens,) if target is None else (tokens, target)
    check_tokens(model.spec, tokens, target)
    check_parameters(model, selection)
    lengths = {stack.prefix: len(side) for stack, side in zip(model.spec.stacks, inputs, strict=True)}
    recorder = Recorder(model.spec, selection, lengths, on_stage, top, inputs[-1].word, progress, on_part,
                        interventions_on(model.spec, interventions or {}, lambda: modules_of(model)))  # fmt: skip
    # attn itself shows NaN and infinity and warns of them: numpy need not
    with np.errstate(all="ignore"):
        try:
            forward(model.spec, model.weights, inputs, recorder)
        except Enough:
            return
