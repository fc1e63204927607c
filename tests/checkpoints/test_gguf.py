"""GGUF files give the numbers of the same model in Hugging Face layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from attncli.checkpoints.gguf import open_gguf
from attncli.checkpoints.safetensors import open_safetensors
from attncli.configs.rope import rotary
from attncli.errors import AttnError
from attncli.model.loading import open_checkpoint
from tests.support.adapters import adapter, pair, product
from tests.support.gguf_files import finish, write
from tests.support.oracle import assert_agrees
from tests.support.tensor_files import GOLDEN, model, same_numbers, tensors_of

SAME = [
    GOLDEN / name
    for name in (
        "llama-bfloat16", "llama-float16", "llama-grouped", "llama-linear", "llama-llama3", "llama-llama3-older",
        "llama-longrope", "llama-sharded", "llama-tied", "llama-yarn",
        "gpt2-merges", "gpt2-odd", "gpt2-own-head", "gpt2-untied",
        "qwen2-unused-window", "qwen3-tied", "gemma-tied", "phi3-long", "phi3-short", "phi3-su", "phi3-window",
    )
]  # fmt: skip
"""Models that GGUF can describe; it has no metadata for some activations and windows of the others."""


@pytest.mark.parametrize("folder", SAME, ids=lambda folder: folder.name)
def test_every_stage_agrees_with_the_reference(tmp_path: Path, folder: Path) -> None:
    asked = json.loads((folder / "input.json").read_text("utf-8")) | {"text": None}
    assert_agrees(write(tmp_path / "m.gguf", folder), asked, load_file(folder / "expected.safetensors"))


@pytest.mark.parametrize("folder", SAME, ids=lambda folder: folder.name)
def test_tensors_equal_those_of_the_folder(tmp_path: Path, folder: Path) -> None:
    ours, theirs = open_gguf(write(tmp_path / "m.gguf", folder)).checkpoint, open_safetensors(folder)
    prefix = "transformer." if folder.name.startswith("gpt2") else "model."
    for name in theirs.names():
        if name.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        ours_name = name if name.startswith((prefix, "lm_head")) else prefix + name
        expected = theirs.array(name).astype(np.float32)
        assert ours.shape(ours_name) == expected.shape
        tolerance = 1e-6 if folder.name.startswith("gemma") else 0  # the conversion added 1 to its norms
        for found, there in (
            (ours.array(ours_name), expected),
            (ours.array(ours_name, lambda s: s[3:7].T), expected[3:7].T),
            (ours.rows(ours_name, [2, 1]), expected[[2, 1]]),
        ):
            np.testing.assert_allclose(found, there, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("name", ["llama-llama3", "llama-llama3-older", "llama-linear", "llama-grouped"])
def test_rope_scaling_survives_the_conversion(tmp_path: Path, name: str) -> None:
    ours, theirs = frequencies(write(tmp_path / "m.gguf", GOLDEN / name)), frequencies(GOLDEN / name)
    np.testing.assert_array_equal(ours, theirs)


def frequencies(path: Path) -> NDArray[Any]:
    config, _, _ = open_checkpoint(path, frozenset())
    shared = config.fields["hidden_size"] // config.fields["num_attention_heads"]
    return rotary(config, config.fields.get("head_dim", shared)).frequencies(16)


@pytest.mark.parametrize(
    ("size", "theta", "factor", "original"),
    [(128, 500000.0, 8.0, 8192), (64, 500000.0, 32.0, 8192), (8, 10000.0, 8.0, 8192), (4, 10000.0, 4.0, 100)],
)
def test_the_factors_of_real_llamas_give_back_their_settings(
    tmp_path: Path, size: int, theta: float, factor: float, original: int
) -> None:
    scaling = {"rope_type": "llama3", "rope_theta": theta, "factor": factor, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": original}  # fmt: skip
    folder = random_llama(tmp_path, {"num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": size,
                                     "rope_parameters": scaling})  # fmt: skip
    ours, theirs = frequencies(write(tmp_path / "m.gguf", folder)), frequencies(folder)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_factors_of_another_scaling_are_refused(tmp_path: Path) -> None:
    def factors(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("rope_freqs.weight", np.array([3, 1], np.float32))

    with pytest.raises(AttnError, match="not those of Llama 3"):
        open_gguf(write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", factors))


# ------------------------------------------------------------------ quantized


def random_llama(folder: Path, fields: dict[str, Any]) -> Path:
    """A random Llama of two layers, 64 wide unless the fields say otherwise."""
    config = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2,
              "head_dim": 16, "vocab_size": 47, "tie_word_embeddings": True} | fields  # fmt: skip
    d, d_ff, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    shapes = {"model.embed_tokens.weight": (47, d), "model.norm.weight": (d,)}
    for i in range(2):
        prefix = f"model.layers.{i}."
        heads, kv_heads = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
        shapes |= {f"{prefix}input_layernorm.weight": (d,), f"{prefix}post_attention_layernorm.weight": (d,)}
        shapes |= {
            f"{prefix}self_attn.q_proj.weight": (heads, d),
            f"{prefix}self_attn.k_proj.weight": (kv_heads, d),
        }
        shapes |= {
            f"{prefix}self_attn.v_proj.weight": (kv_heads, d),
            f"{prefix}self_attn.o_proj.weight": (d, heads),
        }
        shapes |= {f"{prefix}mlp.gate_proj.weight": (d_ff, d), f"{prefix}mlp.up_proj.weight": (d_ff, d)}
        shapes |= {f"{prefix}mlp.down_proj.weight": (d, d_ff)}
    numbers = np.random.default_rng(0)
    tensors = {name: numbers.normal(size=shape).astype(np.float32) / 8 for name, shape in shapes.items()}
    return model(folder / "llama", "llama-float16", tensors, **config)


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "BF16", "F16"])
def test_a_quantized_model_is_the_one_that_its_numbers_stand_for(tmp_path: Path, kind: str) -> None:
    type_ = gguf.GGMLQuantizationType[kind]
    folder = random_llama(tmp_path, {})
    file = write(
        tmp_path / "m.gguf",
        folder,
        quantize=dict.fromkeys(("attn_q.", "ffn_g", "ffn_u", "ffn_d", "token_embd"), type_),
    )
    stored = open_safetensors(folder)
    plain = {name: stored.array(name) for name in stored.names()}
    for name, values in plain.items():
        if "q_proj" in name or "mlp" in name or "embed" in name:
            plain[name] = gguf.quants.dequantize(gguf.quants.quantize(values, type_), type_)
            assert not np.array_equal(plain[name], values)
    expected = model(
        tmp_path / "plain", "llama-float16", plain, **json.loads((folder / "config.json").read_text())
    )
    same_numbers(file, expected)


BLOCKS = ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S",
          "IQ1_M", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0")  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_of_every_type_are_dequantized_as_by_the_package(tmp_path: Path, kind: str) -> None:
    """Random bytes, as a matrix W_Q (whose rows are reordered) and as an embedding."""
    type_ = gguf.GGMLQuantizationType[kind]
    size, width = gguf.GGML_QUANT_SIZES[type_]
    count = 512 // size * width
    data = np.random.default_rng(0).integers(0, 60, (16, count), dtype=np.uint8)  # small enough for finite scales
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_embedding_length(512)
    writer.add_head_count(2)
    writer.add_tensor("token_embd.weight", data, raw_dtype=type_)
    writer.add_tensor("blk.0.attn_q.weight", data, raw_dtype=type_)
    writer.add_key_length(8)
    writer.add_value_length(8)
    checkpoint = open_gguf(finish(writer, tmp_path / "m.gguf")).checkpoint
    expected = gguf.quants.dequantize(data, type_)
    assert expected.shape == (16, 512)
    assert np.isfinite(expected).all()
    assert len(np.unique(expected)) > 3
    np.testing.assert_array_equal(checkpoint.array("model.embed_tokens.weight"), expected)
    np.testing.assert_array_equal(checkpoint.rows("model.embed_tokens.weight", [15, 2, 2]), expected[[15, 2, 2]])
    halves = expected.reshape(2, 4, 2, 512).swapaxes(1, 2).reshape(16, 512)
    name = "model.layers.0.self_attn.q_proj.weight"
    np.testing.assert_array_equal(checkpoint.array(name), halves)
    np.testing.assert_array_equal(checkpoint.array(name, lambda s: s[5:9, ::3].T), halves[5:9, ::3].T)


# ------------------------------------------------------------------ names and changes of other architectures


def test_an_adapter_fits_a_gguf_file(tmp_path: Path) -> None:
    modules = ("model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj")
    changes = pair(modules[0], 24, 24) | pair(modules[1], 24, 30)
    base = {name: values.astype(np.float32) for name, values in tensors_of("llama-float16").items()}
    by_hand = base | {f"{m}.weight": base[f"{m}.weight"] + 2 * product(changes, m) for m in modules}
    expected = model(tmp_path / "merged", "llama-float16", by_hand)
    file = write(tmp_path / "m.gguf", GOLDEN / "llama-float16")
    same_numbers(file, expected, adapter=adapter(tmp_path / "lora", changes))


def opened(tmp_path: Path, arch: str, tensors: dict[str, NDArray[Any]], **numbers: Any) -> Any:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", arch)
    for key, value in ({"embedding_length": 6, "attention.head_count": 2} | numbers).items():
        name = f"{arch}.{key.replace('__', '.')}"
        (writer.add_string if isinstance(value, str) else writer.add_float32 if isinstance(value, float)
         else writer.add_uint32)(name, value)  # fmt: skip
    for name, values in ({"token_embd.weight": np.ones((5, 6), np.float32)} | tensors).items():
        writer.add_tensor(name, values)
    return open_gguf(finish(writer, tmp_path / "m.gguf"))


def test_the_one_added_to_the_norms_of_gemma_is_subtracted(tmp_path: Path) -> None:
    norm = np.array([1.5, 0.25, 1, -3, 0, 1], np.float32)
    found = opened(tmp_path, "gemma", {"blk.0.attn_norm.weight": norm, "output_norm.weight": norm},
                   attention__key_length=4, attention__value_length=4)  # fmt: skip
    for name in ("model.layers.0.input_layernorm.weight", "model.norm.weight"):
        np.testing.assert_array_equal(found.checkpoint.array(name), norm - 1)
    assert found.config["head_dim"] == 4
    assert found.config["tie_word_embeddings"] is True
    assert found.config["model_type"] == "gemma"


def test_the_rows_of_qwen_and_phi_keep_their_order(tmp_path: Path) -> None:
    matrix = np.arange(36, dtype=np.float32).reshape(6, 6)
    qwen2 = opened(tmp_path, "qwen2", {"blk.1.attn_q.weight": matrix, "blk.1.attn_q.bias": matrix[0]})
    np.testing.assert_array_equal(qwen2.checkpoint.array("model.layers.1.self_attn.q_proj.weight"), matrix)
    np.testing.assert_array_equal(qwen2.checkpoint.array("model.layers.1.self_attn.q_proj.bias"), matrix[0])
    assert "head_dim" not in qwen2.config
    qwen3 = opened(tmp_path, "qwen3", {"blk.0.attn_q_norm.weight": matrix[1], "output.weight": matrix})
    np.testing.assert_array_equal(qwen3.checkpoint.array("model.layers.0.self_attn.q_norm.weight"), matrix[1])
    assert qwen3.config["head_dim"] == 3
    assert qwen3.config["tie_word_embeddings"] is False
    phi3 = opened(tmp_path, "phi3", {"blk.0.attn_qkv.weight": matrix, "blk.0.ffn_up.weight": 2 * matrix})
    np.testing.assert_array_equal(phi3.checkpoint.array("model.layers.0.self_attn.qkv_proj.weight"), matrix)
    np.testing.assert_array_equal(phi3.checkpoint.array("model.layers.0.mlp.gate_up_proj.weight"), 2 * matrix)


def test_the_metadata_become_the_fields_of_config_json(tmp_path: Path) -> None:
    factors = np.array([1, 1.25], np.float32)
    found = opened(
        tmp_path, "phi3", {"rope_factors_long.weight": 8 * factors, "rope_factors_short.weight": factors,
                           "blk.0.attn_norm.weight": factors, "blk.1.attn_norm.weight": factors},
        context_length=131072, block_count=2, feed_forward_length=9, attention__head_count_kv=1,
        attention__layer_norm_rms_epsilon=1e-5, rope__freq_base=10000.0, rope__dimension_count=3,
        rope__scaling__original_context_length=4096, rope__scaling__attn_factor=1.1902381,
        attention__sliding_window=262144,
    ).config  # fmt: skip
    assert found == {
        "model_type": "phi3", "vocab_size": 5, "tie_word_embeddings": True, "hidden_size": 6,
        "num_attention_heads": 2, "max_position_embeddings": 131072, "num_hidden_layers": 2,
        "intermediate_size": 9, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "sliding_window": 262144, "original_max_position_embeddings": 4096,
        "rope_scaling": {"rope_type": "longrope", "long_factor": [8, 10], "short_factor": [1, 1.25],
                         "original_max_position_embeddings": 4096},
    }  # fmt: skip
    yarn = opened(tmp_path, "qwen2", {}, rope__scaling__type="yarn", rope__scaling__factor=4.0,
                  rope__scaling__original_context_length=32768, rope__dimension_count=2)  # fmt: skip
    assert yarn.config["rope_scaling"] == {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 32768,
    }
    assert yarn.config["partial_rotary_factor"] == 2 / 3


W_Q = {"blk.0.attn_q.weight": np.ones((6, 6), np.float32)}


@pytest.mark.parametrize(
    ("tensors", "numbers", "says"),
    [
        ({"rope_factors_long.weight": np.ones(2)}, {}, "no rope_factors_short.weight"),
        ({"rope_factors_short.weight": np.ones(2)}, {}, "'none' with rope_factors_short.weight"),
        ({"rope_freqs.weight": np.ones(2)}, {"rope__scaling__factor": 2.0}, "'linear' with rope_freqs.weight"),
        ({"rope_freqs.weight": np.array([1, np.nan])}, {}, "not numbers above 0"),
        ({"rope_freqs.weight": np.zeros((2, 2))}, {}, "not numbers above 0"),
        ({}, {"rope__scaling__type": "yarn", "rope__scaling__attn_factor": 0.5}, "'yarn' with attn_factor"),
        ({}, {"attention__value_length": 5}, "different sizes"),
        ({}, {"block_count": 3}, "block_count is 3, but the file has tensors of 0 blocks"),
        ({}, {"attention__head_count": 0}, "num_attention_heads is 0"),
        (W_Q, {"attention__key_length": 7, "attention__value_length": 7}, "2 heads of size 7 do not fit"),
        (W_Q, {"attention__head_count": 4}, "6 rows; 6 is not divisible by twice its 4 heads"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(
    tmp_path: Path, tensors: dict[str, NDArray[Any]], numbers: dict[str, Any], says: str
) -> None:
    with pytest.raises(AttnError, match=says):
        opened(tmp_path, "llama", {n: t.astype(np.float32) for n, t in tensors.items()}, **numbers)


def test_a_rope_factor_without_a_type_is_linear(tmp_path: Path) -> None:
    found = opened(tmp_path, "llama", {}, rope__scaling__factor=2.5)
    assert found.config["rope_scaling"] == {"rope_type": "linear", "factor": 2.5}
    assert "rope_scaling" not in opened(tmp_path, "llama", {}, rope__scaling__factor=0.0).config
