"""Layers that differ in kind: windows, experts, rotary positions; what their formulas say, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncli
from attncli.errors import AttnError
from attncli.formula.routing import is_largest, softmax_top, softmax_top_renormalized
from attncli.formula.softmax import softmax
from tests.conftest import Run, text_of

GOLDEN = Path(__file__).parent.parent / "golden"


def changed(tmp_path: Path, name: str, fields: dict[str, Any]) -> Path:
    """A golden checkpoint with other fields in its config.json."""
    folder = tmp_path / name
    shutil.copytree(GOLDEN / name, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | fields))
    return folder


REFUSED = {
    "layers too many": ("qwen2-window", {"layer_types": ["full_attention"] * 4},
                        "layer_types must list a type for each of the 3 layers"),
    "another type of layer": ("qwen2-window", {"layer_types": ["full_attention", "chunked_attention", "other"]},
                              "layer_types has 'chunked_attention'"),
    "a window that is none": ("qwen2-window", {"sliding_window": None}, "need a sliding_window"),
    "a window that is not used": ("qwen3-window", {"use_sliding_window": False}, "need a sliding_window"),
    "an empty window": ("mistral-window", {"sliding_window": 0}, "sliding_window is 0"),
    "two activations": ("gemma-tied", {"hidden_activation": "silu"}, "hidden_activation = 'silu'"),
    "both ways": ("gemma2-tied", {"use_bidirectional_attention": True}, "use_bidirectional_attention"),
    "two windows": ("gemma2-older", {"sliding_window_size": 4}, "sliding_window_size = 4"),
    "a cap of nothing": ("gemma2-tied", {"attn_logit_softcapping": 0.0}, "attn_logit_softcapping is 0"),
    "rotary positions of no kind": ("gemma3-text-window", {"rope_parameters": {"rope_theta": 50.0}},
                                    "rope_parameters must have settings for full_attention"),
    "rotary positions of a number": ("gemma3-text-window", {"rope_parameters": {"sliding_attention": 50.0}},
                                     "rope_parameters of sliding_attention is 50.0; it must be an"),
    "a text that is none": ("gemma3-images", {"text_config": 3}, "text_config is 3"),
    "words of another count": ("gemma3-images", {"vocab_size": 46}, "vocab_size = 46"),
    "experts too few": ("mixtral-two", {"num_experts_per_tok": 6}, "but there are only 5 experts"),
    "experts counted twice": ("mixtral-two", {"num_experts": 4}, "num_experts = 4"),
    "layers without experts": ("qwen3-moe-bare", {"mlp_only_layers": 1}, "mlp_only_layers is 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_other_numbers_is_refused_by_name(tmp_path: Path, case: str) -> None:
    name, fields, said = REFUSED[case]
    with pytest.raises(AttnError) as error:
        attncli.load_model(changed(tmp_path, name, fields))
    assert said in str(error.value)
    assert "config.json" in str(error.value)


@pytest.mark.parametrize("field", ["final_logit_softcapping", "use_bidirectional_attention", "secret_sauce"])
def test_fields_within_the_config_of_a_part_are_read_as_strictly(tmp_path: Path, field: str) -> None:
    config = json.loads((GOLDEN / "gemma3-images" / "config.json").read_text())
    value = True if field == "use_bidirectional_attention" else 3.0
    folder = changed(tmp_path, "gemma3-images", {"text_config": config["text_config"] | {field: value}})
    with pytest.raises(AttnError, match=field):
        attncli.load_model(folder)


def formulas(attn: Run, name: str, stage: str) -> list[str]:
    """Of every layer that has the stage."""
    command = ("--ids", "1,2,3", "-m", str(GOLDEN / name), "--layer", "all", "--stage", stage, "--json")
    return [found["formula"] for found in json.loads(text_of(attn("explain", *command)))["stages"]]


def test_a_formula_says_which_layers_have_a_window(attn: Run) -> None:
    assert formulas(attn, "qwen2-window", "masked") == [
        "M = S' where query - 3 < key ≤ query, else -inf",
        "M = S' where key ≤ query, else -inf",
        "M = S' where query - 3 < key ≤ query, else -inf",
    ]
    assert formulas(attn, "gemma3-text-both-ways", "masked") == [
        "M = S' where |query - key| ≤ 2, else -inf",
        "M = S': no mask, every query sees every key",
        "M = S' where |query - key| ≤ 2, else -inf",
    ]


def test_a_formula_says_how_experts_are_chosen(attn: Run) -> None:
    assert (
        formulas(attn, "mixtral-two", "mlp.routed") == ["G = softmax(G_r) of the 2 largest, made to sum to 1"] * 2
    )
    assert formulas(attn, "qwen2-moe-older", "mlp.routed") == ["G = softmax(G_r) of the 3 largest"]
    assert formulas(attn, "qwen2-moe-older", "mlp.activated") == ["A_ff = silu(G) ⊙ H"] * 2


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 1000))
def test_renormalized_weights_are_the_softmax_of_the_chosen_logits(rows: int, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits, chosen = random.normal(size=(rows, count)), int(random.integers(1, count + 1))
    kept = is_largest(logits, chosen)
    assert (kept.sum(axis=-1) == chosen).all()
    np.testing.assert_allclose(softmax_top(logits, chosen), np.where(kept, softmax(logits), 0))
    np.testing.assert_allclose(
        softmax_top_renormalized(logits, chosen), softmax(np.where(kept, logits, -np.inf)), atol=1e-12
    )


def test_of_equal_logits_the_first_are_chosen() -> None:
    assert is_largest(np.array([[1.0, 2.0, 2.0, 1.0, 1.0]]), 3).tolist() == [[True, True, True, False, False]]


ROTARY = {
    "bands that cross": (
        "llama-llama3",
        {"low_freq_factor": 4.0, "high_freq_factor": 4.0},
        "low_freq_factor smaller than its high_freq_factor",
    ),
    "a base of one": ("llama-llama3", {"rope_theta": 1.0}, "rope_theta of the rotary positions is 1.0"),
    "a factor in words": ("llama-yarn", {"factor": "four"}, "factor of the rotary positions is 'four'"),
    "a factor too few": (
        "llama-longrope",
        {"long_factor": [2.0]},
        "long_factor lists 1 numbers, but there are 2 pairs",
    ),
}


@pytest.mark.parametrize("case", ROTARY)
def test_rotary_settings_that_cannot_be_are_refused_by_name(tmp_path: Path, case: str) -> None:
    name, settings, said = ROTARY[case]
    held = json.loads((GOLDEN / name / "config.json").read_text())["rope_parameters"]
    with pytest.raises(AttnError) as error:
        attncli.load_model(changed(tmp_path, name, {"rope_parameters": held | settings}))
    assert said in str(error.value)
    assert "config.json" in str(error.value)
