"""The numbers are those of `transformers` on models of random shapes, made anew, where it is installed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.families import POSITIONS, VOCAB, families
from tests.support.oracle import assert_agrees

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.support.reference import expected_stages, random_model

FAMILIES = families()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", FAMILIES)
def test_models_of_random_shapes_agree(tmp_path: Path, name: str, seed: int) -> None:
    family, draw = FAMILIES[name], random.Random(f"{name} {seed}")
    tied = {"tie_word_embeddings": draw.random() < 0.5}
    model = random_model(family, family.draw(draw) | tied | {"vocab_size": VOCAB}, seed)
    ids = [draw.randrange(VOCAB) for _ in range(draw.randint(1, POSITIONS))]
    types = [0] * len(ids)
    target = [draw.randrange(VOCAB) for _ in range(draw.randint(1, POSITIONS))] if family.target else None
    expected = expected_stages(family, model, ids, types, target)
    model.save_pretrained(tmp_path / "model")
    assert_agrees(tmp_path / "model", {"ids": ids, "types": types, "target_ids": target}, expected)
