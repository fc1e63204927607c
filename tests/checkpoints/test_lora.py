"""A model with a LoRA adapter gives the numbers of a checkpoint merged by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.checkpoints.lora import merged, open_adapter
from attncli.checkpoints.safetensors import open_safetensors
from attncli.errors import AttnError
from tests.conftest import Run, error_of, text_of
from tests.support.adapters import adapter, numbers, pair, product
from tests.support.tensor_files import GOLDEN, model, same_numbers, save, tensors_of

Q, V, DOWN = "model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.v_proj", "model.layers.1.mlp.down_proj"


@pytest.mark.parametrize(
    ("config", "scales"),
    [
        ({}, {Q: 2, V: 2, DOWN: 6 / 2}),
        ({"use_rslora": True}, {Q: 6 / 3**0.5, V: 6 / 3**0.5, DOWN: 6 / 2**0.5}),
        ({"alpha_pattern": {"layers.0.self_attn.q_proj": 1, "v_proj": 9}}, {Q: 1 / 3, V: 3, DOWN: 6 / 2}),
        ({"alpha_pattern": {r"model\.layers\.\d\.self_attn\.._proj": 9, "q_proj": 1}}, {Q: 3, V: 3, DOWN: 6 / 2}),
    ],
)
def test_a_merged_model_has_the_same_numbers(
    tmp_path: Path, config: dict[str, Any], scales: dict[str, float]
) -> None:
    base = tensors_of("llama-float16")
    changes = pair(Q, 24, 24) | pair(V, 8, 24) | pair(DOWN, 24, 30, rank=2)
    by_hand = {name: values.astype(np.float32) for name, values in base.items()}
    for module, scale in scales.items():
        by_hand[f"{module}.weight"] = by_hand[f"{module}.weight"] + np.float32(scale) * product(changes, module)
    folder = model(tmp_path / "base", "llama-float16", base)
    lora = adapter(tmp_path / "lora", changes, rank_pattern={"down_proj": 2}, **config)
    expected = model(tmp_path / "merged", "llama-float16", by_hand)
    same_numbers(folder, expected, adapter=lora)
    with pytest.raises(AssertionError):
        same_numbers(folder, expected)


def test_the_fused_matrix_of_gpt2_is_merged_before_it_is_split(tmp_path: Path) -> None:
    base = tensors_of("gpt2-untied")
    modules = ("transformer.h.1.attn.c_attn", "transformer.h.0.mlp.c_proj", "transformer.h.2.attn.c_proj")
    changes = pair(modules[0], 45, 15) | pair(modules[1], 15, 60) | pair(modules[2], 15, 15)
    by_hand = base | {f"{m}.weight": base[f"{m}.weight"] + 2 * product(changes, m).T for m in modules}
    lora = adapter(tmp_path / "lora", changes, fan_in_fan_out=True)
    expected = model(tmp_path / "merged", "gpt2-untied", by_hand)
    same_numbers(GOLDEN / "gpt2-untied", expected, adapter=lora)
    bare = {name.removeprefix("transformer."): values for name, values in base.items()}
    same_numbers(model(tmp_path / "bare", "gpt2-untied", bare), expected, adapter=lora)
    # where the config does not say so, the shapes of the base decide, also for a square matrix
    same_numbers(GOLDEN / "gpt2-untied", expected, adapter=adapter(tmp_path / "lora", changes))


def opened(tmp_path: Path, base: Mapping[str, Any], changes: Mapping[str, Any], **config: Any) -> Any:
    tmp_path.mkdir(exist_ok=True)
    save(tmp_path / "model.safetensors", base)
    return merged(open_safetensors(tmp_path), open_adapter(adapter(tmp_path / "lora", changes, **config)))


def test_an_adapter_of_an_embedding_is_merged(tmp_path: Path) -> None:
    base = {"model.embed_tokens.weight": numbers(9, 4), "lm_head.weight": numbers(9, 4)}
    a, b = numbers(3, 9), numbers(4, 3)
    changes = {"model.embed_tokens.lora_embedding_A": a, "model.embed_tokens.lora_embedding_B": b}
    found = opened(tmp_path, base, changes)
    expected = base["model.embed_tokens.weight"] + 2 * (b @ a).T
    np.testing.assert_allclose(found.array("model.embed_tokens.weight"), expected, rtol=1e-6)
    np.testing.assert_allclose(found.rows("model.embed_tokens.weight", [8, 1]), expected[[8, 1]], rtol=1e-6)
    # for a changed embedding, PEFT also saves the numbers of the base
    whole = {"model.embed_tokens.base_layer.weight": 2 * base["model.embed_tokens.weight"]}
    found = opened(tmp_path / "more", base, changes | whole)
    expected = 2 * base["model.embed_tokens.weight"] + 2 * (b @ a).T
    np.testing.assert_allclose(found.array("model.embed_tokens.weight"), expected, rtol=1e-6)


def test_tensors_that_were_trained_whole_replace_those_of_the_base(tmp_path: Path) -> None:
    base = {"model.norm.weight": numbers(4), "q.weight": numbers(4, 4), "q.bias": numbers(4),
            "model.embed_tokens.weight": numbers(9, 4)}  # fmt: skip
    norm, bias, head, embedding = numbers(4), numbers(4), numbers(9, 4), numbers(9, 4)
    changes = {"model.norm.weight": norm, "q.base_layer.bias": bias, "lm_head.weight": head,
               "model.embed_tokens.weight": embedding} | pair("q", 4, 4)  # fmt: skip
    found = opened(tmp_path, base, changes, modules_to_save=["norm", "lm_head", "embed_tokens"], bias="lora_only")
    assert sorted(found.names()) == [
        "lm_head.weight",
        "model.embed_tokens.weight",
        "model.norm.weight",
        "q.bias",
        "q.weight",
    ]
    for name, expected in [("model.norm.weight", norm), ("q.bias", bias), ("lm_head.weight", head)]:
        np.testing.assert_array_equal(found.array(name), expected)
    np.testing.assert_array_equal(found.rows("model.embed_tokens.weight", [3]), embedding[[3]])


@pytest.mark.parametrize("turned", [False, True])
def test_dora_scales_each_row_to_its_magnitude(tmp_path: Path, turned: bool) -> None:
    weight, magnitude = numbers(5, 4), np.abs(numbers(5))
    changes = pair("q", 5, 4) | {"q.lora_magnitude_vector": magnitude}
    summed = weight + 2 * product(changes, "q")
    expected = magnitude[:, None] * summed / np.linalg.norm(summed, axis=1)[:, None]
    base = {"q.weight": weight.T.copy() if turned else weight}
    found = opened(tmp_path, base, changes, use_dora=True, fan_in_fan_out=turned)
    stored = expected.T if turned else expected
    np.testing.assert_allclose(found.array("q.weight"), stored, rtol=1e-5)
    np.testing.assert_allclose(found.array("q.weight", lambda s: s[1:3, ::2]), stored[1:3, ::2], rtol=1e-5)
    np.testing.assert_allclose(found.rows("q.weight", [2, 0]), stored[[2, 0]], rtol=1e-5)


def test_a_linear_head_beside_conv1d_is_recognized_by_its_shape(tmp_path: Path) -> None:
    base = {"lm_head.weight": numbers(9, 4)}
    changes = pair("lm_head", 9, 4)
    found = opened(tmp_path, base, changes, fan_in_fan_out=True)
    expected = base["lm_head.weight"] + 2 * product(changes, "lm_head")
    np.testing.assert_allclose(found.array("lm_head.weight"), expected, rtol=1e-6)


BASE = {"model.q.weight": np.ones((5, 4), np.float32), "model.embed_tokens.weight": np.ones((9, 4), np.float32)}
EMBEDDING = {"model.embed_tokens.lora_embedding_A": np.ones((3, 9), np.float32),
             "model.embed_tokens.lora_embedding_B": np.ones((4, 3), np.float32)}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "config", "says"),
    [
        ({}, {}, "has no tensors"),
        (pair("model.q", 5, 4, rank=0), {"r": 0}, "has no rows"),
        (pair("model.k", 5, 4), {}, r"k\.lora_.\.weight fits no tensor"),
        (pair("model.q", 6, 4), {}, r"lora_B \[6, 3\], which do not fit the model's model.q.weight \[5, 4\]"),
        (pair("model.q", 5, 4, rank=2), {}, "r is 3 for model.q, but its lora_A has 2 rows"),
        ({"model.q.lora_A.weight": numbers(3, 4)}, {}, "has no lora_B"),
        (pair("model.q", 5, 4) | {"model.q.lora_B.bias": numbers(5)}, {"lora_bias": True}, "'lora_bias' = True"),
        (
            pair("model.q", 5, 4) | {"model.q.lora_C.weight": numbers(5)},
            {},
            r"attn cannot merge the tensor base_model\.model\.model\.q\.lora_C\.weight",
        ),
        (pair("model.q", 5, 4), {"use_dora": True}, "DoRA"),
        (pair("model.q", 5, 4) | {"model.q.lora_magnitude_vector": numbers(5)}, {}, "DoRA"),
        (pair("model.q", 5, 4), {"lora_alpha": None}, "lora_alpha is None"),
        (pair("model.q", 5, 4), {"peft_type": "IA3"}, "peft_type 'IA3'"),
        (pair("model.q", 5, 4), {"init_lora_weights": "pissa_niter_16"}, "'pissa_niter_16' also changes"),
        (pair("model.q", 5, 4), {"target_parameters": ["experts"]}, "target_parameters"),
        (pair("model.q", 5, 4), {"alora_invocation_tokens": [1, 2]}, "alora_invocation_tokens"),
        (pair("model.q", 5, 4), {"layer_replication": [[0, 4], [2, 6]]}, "layer_replication"),
        (pair("model.q", 5, 4), {"next_idea": 3}, "next_idea"),
        ({"model.q.weight": numbers(5, 5)}, {}, r"shape \[5, 5\], but the model's model.q.weight has \[5, 4\]"),
        ({"model.q.lora_A.weight": numbers(), "model.q.lora_B.weight": numbers(5, 3)}, {}, "do not fit"),
        (pair("model.q", 5, 4), {"rank_pattern": {"(": 2}}, "rank_pattern"),
        (pair("model.q", 5, 4), {"alpha_pattern": [3]}, "alpha_pattern"),
        (EMBEDDING, {}, "which may also be the head"),
        ({"model.embed_tokens.weight": numbers(9, 4)}, {}, "which may also be the head"),
    ],
)
def test_what_cannot_be_merged_exactly_is_refused_by_name(
    tmp_path: Path, changes: Mapping[str, Any], config: dict[str, Any], says: str
) -> None:
    with pytest.raises(AttnError, match=says):
        opened(tmp_path, BASE, changes, **config)


def test_a_name_that_fits_several_tensors_is_refused(tmp_path: Path) -> None:
    base = {"a.q.weight": numbers(5, 4), "b.q.weight": numbers(5, 4)}
    with pytest.raises(AttnError, match=r"fits several tensors of the model: a\.q\.weight, b\.q\.weight"):
        opened(tmp_path, base, pair("q", 5, 4))


def test_the_command_line_takes_an_adapter(attn: Run, tmp_path: Path) -> None:
    folder = GOLDEN / "llama-float16"
    ask = ("explain", "--ids", "1,2", "-m", str(folder), "--stage", "q", "--json")
    lora = adapter(tmp_path / "lora", pair(Q, 24, 24))
    plain, changed = (json.loads(text_of(attn(*ask, *more))) for more in ((), ("--adapter", "lora")))
    assert changed["model"]["name"] == "llama-float16 + lora"
    assert changed["stages"][0]["values"] != plain["stages"][0]["values"]
    assert attncli.load_model(folder, adapter=lora).name == "llama-float16 + lora"

    assert "goes with the --model" in error_of(attn("explain", "a", "--adapter", "lora"), 2)
    assert "no such folder" in error_of(attn(*ask, "--adapter", "./nowhere"), 2)
    assert "HF_HUB_OFFLINE" in error_of(attn(*ask, "--adapter", "org/nowhere"), 1)
    (lora / "adapter_model.safetensors").rename(lora / "adapter_model.bin")
    assert "pickle" in error_of(attn(*ask, "--adapter", "lora"), 1)
    (lora / "adapter_model.bin").unlink()
    assert "adapter_model.safetensors" in error_of(attn(*ask, "--adapter", "lora"), 1)
    (lora / "adapter_config.json").write_text("[")
    assert "not JSON" in error_of(attn(*ask, "--adapter", "lora"), 1)
    (lora / "adapter_config.json").unlink()
    assert "An adapter is a folder with" in error_of(attn(*ask, "--adapter", "lora"), 1)
