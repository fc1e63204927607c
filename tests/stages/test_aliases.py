"""Stages are understood by the names that people know from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import attncli
from attncli.errors import UsageError

GOLDEN = Path(__file__).parent.parent / "golden"
STORY = {
    # words and symbols
    "pattern": ["layers.2.attn.weights"],
    "Softmax": ["layers.2.attn.weights"],
    "attn_weights": ["layers.2.attn.weights"],
    "attn.pattern": ["layers.2.attn.weights"],
    "self_attn.attn_weights": ["layers.2.attn.weights"],
    "layers.0.pattern": ["layers.0.attn.weights"],
    "layers.*.pattern": [f"layers.{layer}.attn.weights" for layer in range(4)],
    "Q": ["layers.2.attn.q"],
    "K": ["layers.2.attn.k"],
    "values": ["layers.2.attn.v"],
    "Q_rot": ["layers.2.attn.q_rotated"],
    "QKᵀ": ["layers.2.attn.scores"],
    "S'": ["layers.2.attn.scaled"],
    "A": ["layers.2.attn.weights"],
    "Z": ["layers.2.attn.mixed"],
    "X": ["embed"],
    "mlp": ["layers.2.mlp.output"],
    "hidden_states": ["layers.2.resid.out"],
    "probabilities": ["probs"],
    # llama.cpp
    "Qcur-0": ["layers.0.attn.q_rotated"],
    "Kcur-1": ["layers.1.attn.k_rotated"],
    "kq-3": ["layers.3.attn.scores"],
    "kq_soft_max-0": ["layers.0.attn.weights"],
    "kq_soft_max-*": [f"layers.{layer}.attn.weights" for layer in range(4)],
    "kq_soft_max": ["layers.2.attn.weights"],
    "kqv_out-0": ["layers.0.attn.mixed"],
    "ffn_inp-1": ["layers.1.resid.mid"],
    "l_out-0": ["layers.0.resid.out"],
    "result_output": ["logits"],
    # transformers
    "model.layers.0.self_attn.q_proj": ["layers.0.attn.q"],
    "layers.1.self_attn": ["layers.1.attn.output"],
    "self_attn.o_proj": ["layers.2.attn.output"],
    "model.layers.3.mlp.gate_proj": ["layers.3.mlp.gate"],
    "model.layers.*.mlp": [f"layers.{layer}.mlp.output" for layer in range(4)],
    "model.layers.1": ["layers.1.resid.out"],
    "model.norm": ["final"],
    "model.embed_tokens": ["embed.tokens"],
    "q_proj": ["layers.2.attn.q"],
    # TransformerLens
    "hook_pattern": ["layers.2.attn.weights"],
    "blocks.0.attn.hook_pattern": ["layers.0.attn.weights"],
    "blocks.1.hook_attn_in": ["layers.0.resid.out"],
    "blocks.1.hook_mlp_in": ["layers.1.resid.mid"],
    "blocks.1.attn.q": ["layers.1.attn.q"],
}


@pytest.mark.parametrize("name", STORY)
def test_a_stage_of_the_story_model_by_another_name(name: str) -> None:
    assert [*attncli.trace("The cat", layers=2 if "2" in str(STORY[name]) else None, stages=name).stages] == STORY[
        name
    ]


OTHERS = [
    ("gpt2-untied", "transformer.h.0.attn.c_attn", ["layers.0.attn.q", "layers.0.attn.k", "layers.0.attn.v"]),
    ("gpt2-untied", "h.1.mlp.c_fc", ["layers.1.mlp.hidden"]),
    ("gpt2-untied", "transformer.wpe", ["embed.positions"]),
    ("bert-tied", "bert.encoder.layer.0.attention.self", ["layers.0.attn.mixed"]),
    ("bert-tied", "bert.encoder.layer.1.attention.output", ["layers.1.resid.mid"]),
    ("bert-tied", "blocks.0.hook_resid_post", ["layers.0.resid.out_sum"]),
    ("bert-tied", "blocks.0.hook_normalized_resid_post", ["layers.0.resid.out"]),
    ("gemma2-tied", "blocks.1.hook_attn_out", ["layers.1.attn.output_normed"]),
    ("mixtral-two", "ffn_moe_logits-1", ["layers.1.mlp.router"]),
    ("deepseek-v3-groups", "self_attn.kv_a_proj_with_mqa", ["layers.0.attn.kv_latent", "layers.0.attn.k_shared"]),
    ("bart-tied", "cross_attentions", ["decoder.layers.0.cross.weights"]),
    ("bart-tied", "decoder.pattern", ["decoder.layers.0.attn.weights"]),
    ("bart-tied", "model.decoder.layers.1.encoder_attn.q_proj", ["decoder.layers.1.cross.q"]),
]


@pytest.mark.parametrize(("folder", "name", "ours"), OTHERS)
def test_a_stage_of_other_families_by_another_name(folder: str, name: str, ours: list[str]) -> None:
    target = {"target_ids": [2, 3]} if folder.startswith("bart") else {}
    assert sorted(
        attncli.trace(ids=[3, 4], model=GOLDEN / folder, layers=0, stages=name, **target).stages
    ) == sorted(ours)


def test_what_stands_before_the_gain_of_a_norm_is_not_what_comes_after_it() -> None:
    with pytest.raises(UsageError, match="before the gain") as error:
        attncli.trace("The cat", stages="blocks.0.ln1.hook_normalized")
    assert error.value.hint is not None
    assert error.value.hint.endswith("--stage layers.0.attn.input")
    without_gain = attncli.trace(ids=[3], model=GOLDEN / "olmo-clipped", stages="blocks.0.ln1.hook_normalized")
    assert [*without_gain.stages] == ["layers.0.attn.input"]


def test_a_name_of_ours_is_never_another_stage() -> None:
    """`output` is the attention's, whatever a family calls so."""
    trace = attncli.trace(ids=[3, 4], model=GOLDEN / "bert-tied", layers=0, stages="output")
    assert [*trace.stages] == ["layers.0.attn.output"]


def test_an_intervention_may_use_another_name() -> None:
    from attncli.model.input import tokenize
    from attncli.model.running import run
    from attncli.tracing.selection import Selection

    model, kept = attncli.load_model(), []
    tokens = tokenize(model, "The cat", None, None, True, False)
    changes = {"model.layers.0.self_attn": lambda stage, values, heads, rows: values * 0}
    run(model, tokens, Selection(("layers.0.attn.output",)), kept.append, interventions=changes)
    assert (kept[0].values == 0).all()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="no stage matches 'patern'") as error:
        attncli.trace("The cat", stages="patern")
    assert error.value.hint is not None
    assert "pattern" in error.value.hint
