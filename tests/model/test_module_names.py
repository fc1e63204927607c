"""Modules of `transformers` name our stages: what a module gives there is what the stage holds here."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.errors import UsageError
from tests.support.families import POSITIONS, VOCAB, families

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from tests.support.reference import random_model

FAMILIES = families()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_module_gives_what_the_stage_of_its_name_holds(tmp_path: Path, name: str) -> None:
    family, draw = FAMILIES[name], random.Random(name)
    theirs = random_model(family, family.draw(draw) | {"vocab_size": VOCAB}, 0)
    family.mend(theirs)
    theirs.save_pretrained(tmp_path / "model")
    ids = [draw.randrange(VOCAB) for _ in range(POSITIONS // 2)]
    target = ids[:3] if family.target else None
    seen: dict[str, Any] = {}
    for module_name, module in theirs.named_modules():
        module.register_forward_hook(_keep(seen, module_name))
    with torch.no_grad():
        theirs(torch.tensor([ids]), **({"decoder_input_ids": torch.tensor([target])} if target else {}))
    ours = attncli.load_model(tmp_path / "model")
    compared = 0
    for module_name, output in seen.items():
        try:
            trace = attncli.trace(ids=ids, target_ids=target, model=ours, stages=[module_name])
        except UsageError:
            continue
        if len(trace.stages) == 1:
            (stage,) = trace.stages.values()
            values = stage.values if stage.values.ndim == 2 else np.concatenate([*stage.values], axis=-1)
            assert values.shape == output.shape, (module_name, stage)
            np.testing.assert_allclose(values, output, rtol=1e-3, atol=1e-3, err_msg=f"{module_name} {stage}")
            compared += 1
    assert compared > 3


def _keep(seen: dict[str, Any], name: str) -> Any:
    """Keeps what a module gives; a copy, since what follows may add to it in place."""

    def hook(module: Any, given: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else getattr(output, "last_hidden_state", output)
        if name and isinstance(first, torch.Tensor) and name not in seen:
            if first.ndim == 4 and first.shape[1] != POSITIONS // 2:  # [batch, head, position, d_head]
                first = first.transpose(1, 2)
            rows = -1 if first.ndim < 4 else POSITIONS // 2
            seen[name] = first.float().reshape(rows, first[0].numel() // rows if rows > 0 else first.shape[-1])
            seen[name] = seen[name].numpy().copy()

    return hook
