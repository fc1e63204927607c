"""GPT-Neo: scores that are not scaled."""

from __future__ import annotations

import attncli
from tests.support.checkpoints import GOLDEN


def test_scores_that_are_not_scaled_are_not_said_to_be() -> None:
    model = attncli.load_model(GOLDEN / "gpt-neo-bare")
    (stage,) = attncli.trace(ids=[1, 2], model=model, stages=["layers.0.attn.scaled"]).stages.values()
    assert (stage.formula, stage.meaning) == ("S' = S", "scores, not scaled")
