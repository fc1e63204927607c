"""The numbers are those of `transformers` on models of random shapes, made anew, where it is installed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import assert_agrees

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.reference import expected_stages, random_model

VOCAB, POSITIONS = 37, 24


def gpt2(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "n_head": heads,
        "n_embd": heads * draw.randint(1, 9),
        "n_layer": draw.randint(1, 3),
        "n_inner": draw.choice([None, 7, 40]),
        "n_positions": POSITIONS,
        "activation_function": draw.choice(["gelu_new", "gelu", "relu", "silu"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
        "scale_attn_weights": draw.random() < 0.7,
    }


def bert(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "num_attention_heads": heads,
        "hidden_size": heads * draw.randint(2, 9),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": draw.randint(1, 3),
        "hidden_act": draw.choice(["gelu", "gelu_new", "relu"]),
        "layer_norm_eps": draw.choice([1e-12, 1e-3]),
        "is_decoder": draw.random() < 0.3,
    }


def llama(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    theta = draw.choice([100.0, 10000.0, 500000.0])
    rope = draw.choice([
        {"rope_type": "default"},
        {"rope_type": "linear", "factor": draw.uniform(1.5, 8)},
        {"rope_type": "llama3", "factor": draw.choice([2.0, 8.0, 32.0]), "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": draw.choice([8, 64])},
    ])  # fmt: skip
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": draw.choice([2, 6, 10]),
        "hidden_size": 2 * heads * draw.randint(1, 5),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "hidden_act": draw.choice(["silu", "gelu"]),
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "rope_parameters": rope | {"rope_theta": theta},
        "attention_bias": draw.random() < 0.5,
        "mlp_bias": draw.random() < 0.5,
    }


FAMILIES = {"gpt2": gpt2, "bert": bert, "llama": llama}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("family", FAMILIES)
def test_models_of_random_shapes_agree(tmp_path: Path, family: str, seed: int) -> None:
    draw = random.Random(f"{family} {seed}")
    tied = {"tie_word_embeddings": draw.random() < 0.5}
    model = random_model(family, FAMILIES[family](draw) | tied | {"vocab_size": VOCAB}, seed)
    ids = [draw.randrange(VOCAB) for _ in range(draw.randint(1, POSITIONS))]
    types = [0] * len(ids)
    expected = expected_stages(family, model, ids, types)
    model.save_pretrained(tmp_path / "model")
    assert_agrees(tmp_path / "model", {"ids": ids, "types": types}, expected)
