"""A config.json that says nothing but its model_type means what `transformers` takes it for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attncli.architecture.spec import Experts, FeedForward
from attncli.configs.fields import Config
from attncli.family import family_of

transformers = pytest.importorskip("transformers")

NAMES = ("gemma", "gemma2", "gemma3_text", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe")


@pytest.mark.parametrize("name", NAMES)
def test_absent_fields_have_the_defaults_of_the_reference(name: str) -> None:
    config = Config({"model_type": name}, Path("config.json"))
    spec = family_of(config).spec(config, lambda tensor: False)
    known = transformers.AutoConfig.for_model(name)
    d_head = getattr(known, "head_dim", None) or known.hidden_size // known.num_attention_heads
    assert (spec.d_model, spec.layers, spec.vocab) == (
        known.hidden_size,
        known.num_hidden_layers,
        known.vocab_size,
    )
    assert (spec.heads, spec.kv_heads) == (known.num_attention_heads, known.num_key_value_heads)
    assert (spec.d_head, spec.max_positions) == (d_head, known.max_position_embeddings)
    assert (spec.head is not None) == known.tie_word_embeddings
    kinds = getattr(known, "layer_types", None) or [""] * spec.layers
    for layer, kind in zip(spec.main.layers, kinds, strict=True):
        attn, rope = layer.attn, known.rope_parameters
        assert attn.scale == getattr(known, "query_pre_attn_scalar", d_head) ** -0.5
        assert attn.cap == getattr(known, "attn_logit_softcapping", None)
        assert attn.rotary is not None
        theta = rope.get(kind, rope)["rope_theta"]
        np.testing.assert_allclose(attn.rotary.frequencies(1)[1], theta ** (-2 / d_head), rtol=1e-6)
        slides = kind == "sliding_attention" or (not kind and getattr(known, "sliding_window", None) is not None)
        window = f"query - {known.sliding_window} < " if slides else ""
        assert attn.mask.text == f"{window}key ≤ query"
        if isinstance(layer.mlp, Experts):
            assert (layer.mlp.count, layer.mlp.chosen) == (known.num_experts, known.num_experts_per_tok)
            assert ("made to sum to 1" in layer.mlp.text) == getattr(known, "norm_topk_prob", True)
            units = getattr(known, "moe_intermediate_size", known.intermediate_size)
            assert layer.mlp.each.size == units
            if layer.mlp.shared is not None:
                assert layer.mlp.shared.size == known.shared_expert_intermediate_size
        else:
            assert isinstance(layer.mlp, FeedForward)
            assert layer.mlp.size == known.intermediate_size
            activation = getattr(known, "hidden_activation", None) or known.hidden_act
            assert layer.mlp.activation_name == activation
