"""Quantized safetensors: fp8 with scales and mxfp4 are read as the float32 they stand for; others are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

import attncli
from attncli.checkpoints import Checkpoint
from attncli.checkpoints.computed import ComputedTensor, taken
from attncli.checkpoints.float8 import table
from attncli.checkpoints.quantized import dequantized
from attncli.checkpoints.safetensors import open_safetensors
from attncli.errors import AttnError
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import write_gpt2
from tests.support.tensor_files import model, same_numbers, save, tensors_of

FP8 = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [16, 8]}

# Values of Micikevicius et al. 2022, table 1, and their neighbors
E4M3 = {0x00: 0, 0x01: 2**-9, 0x07: 0.875 * 2**-6, 0x08: 2**-6, 0x38: 1, 0x39: 1.125, 0x7E: 448, 0x7F: np.nan,
        0x80: -0.0, 0xB8: -1, 0xC4: -3, 0xFE: -448, 0xFF: np.nan}  # fmt: skip
E5M2 = {0x00: 0, 0x01: 2**-16, 0x03: 0.75 * 2**-14, 0x04: 2**-14, 0x3C: 1, 0x3D: 1.25, 0x7B: 57344, 0x7C: np.inf,
        0x7D: np.nan, 0xBC: -1, 0xFB: -57344, 0xFC: -np.inf, 0xFF: np.nan}  # fmt: skip
E8M0 = {0: 2.0**-127, 126: 0.5, 127: 1, 128: 2, 254: 2.0**127, 255: np.nan}
E2M1 = dict(enumerate([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]))


@pytest.mark.parametrize(
    ("dtype", "known"), [("F8_E4M3", E4M3), ("F8_E5M2", E5M2), ("F8_E8M0", E8M0), ("F4_E2M1", E2M1)]
)
def test_the_values_are_those_of_the_definition(dtype: str, known: dict[int, float]) -> None:
    values = table(dtype)
    assert values.dtype == np.float32
    expected = np.array(list(known.values()), np.float32)
    np.testing.assert_array_equal(values[list(known)], expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values[list(known)])[numbers], np.signbit(expected)[numbers])


def quantize(weight: NDArray[Any], block: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """fp8 codes of a matrix, each block scaled to fill the format, and the scales that undo it."""
    size = (-(-weight.shape[0] // block[0]), -(-weight.shape[1] // block[1]))
    scale = np.zeros(size, np.float32)
    codes = np.zeros(weight.shape, np.uint8)
    values = np.where(np.isnan(table("F8_E4M3")), np.inf, table("F8_E4M3"))
    for i, j in np.ndindex(size):
        block_slice = np.s_[i * block[0] : (i + 1) * block[0], j * block[1] : (j + 1) * block[1]]
        scale[i, j] = np.abs(weight[block_slice]).max() / 448
        codes[block_slice] = np.abs(weight[block_slice][..., None] / scale[i, j] - values).argmin(-1)
    return codes, scale


def by_hand(codes: NDArray[Any], scale: NDArray[Any], block: tuple[int, int]) -> NDArray[Any]:
    out = np.zeros(codes.shape, np.float32)
    for i, j in np.ndindex(codes.shape):
        out[i, j] = table("F8_E4M3")[codes[i, j]] * scale[i // block[0], j // block[1]]
    return out


@pytest.mark.parametrize("scale_type", ["F32", "F8_E8M0"])
def test_fp8_with_block_scales_is_the_model_that_it_stands_for(tmp_path: Path, scale_type: str) -> None:
    stored: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    for name, weight in tensors_of("llama-bare").items():
        stored[name] = plain[name] = weight
        if "_proj" in name:
            codes, scale = quantize(weight, (16, 8))
            stored[f"{name}_scale_inv"] = scale
            if scale_type == "F8_E8M0":
                powers = np.round(np.log2(scale)).astype(np.int32)
                stored[f"{name}_scale_inv"] = ("F8_E8M0", (powers + 127).astype(np.uint8))
                scale = np.exp2(powers).astype(np.float32)
            stored[name] = ("F8_E4M3", codes)
            plain[name] = by_hand(codes, scale, (16, 8))
    quantized = model(tmp_path / "fp8", "llama-bare", stored, quantization_config=FP8)
    same_numbers(quantized, model(tmp_path / "plain", "llama-bare", plain))


def opened(folder: Path, tensors: dict[str, Any], settings: Any) -> Checkpoint:
    folder.mkdir(exist_ok=True)
    save(folder / "model.safetensors", tensors)
    return dequantized(open_safetensors(folder), settings, folder / "config.json")


def test_parts_of_a_scaled_tensor_equal_parts_of_the_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    weight = random.normal(size=(50, 21)).astype(np.float32)
    codes, scale = quantize(weight, (16, 8))
    experts = np.stack([codes, codes[::-1]])
    tensors = {"w": ("F8_E4M3", codes), "w_scale_inv": scale, "e": ("F8_E4M3", experts),
               "e_scale_inv": np.stack([scale, 2 * scale]), "t": ("F8_E5M2", codes), "plain": weight}  # fmt: skip
    checkpoint = opened(tmp_path, {**tensors, "t_scale_inv": scale}, FP8)
    assert sorted(checkpoint.names()) == ["e", "plain", "t", "w"]
    expected = by_hand(codes, scale, (16, 8))
    assert checkpoint.shape("w") == (50, 21)
    assert checkpoint.array("w").dtype == np.float32
    np.testing.assert_array_equal(checkpoint.array("w"), expected)
    np.testing.assert_array_equal(checkpoint.array("w", lambda s: s[17:33, 3:20:2].T), expected[17:33, 3:20:2].T)
    np.testing.assert_array_equal(checkpoint.rows("w", [49, 0, 0, 16]), expected[[49, 0, 0, 16]])
    np.testing.assert_array_equal(
        checkpoint.array("e", lambda s: s[1, 5:]), by_hand(codes[::-1], 2 * scale, (16, 8))[5:]
    )
    np.testing.assert_array_equal(checkpoint.array("plain"), weight)


def test_one_scale_for_the_whole_tensor(tmp_path: Path) -> None:
    codes = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for scale in (np.float32(0.5), np.full(1, 0.5, np.float32), np.full((1, 1), 0.5, np.float32)):
        tensors = {"w": ("F8_E4M3", codes), "w_scale_inv": np.asarray(scale)}
        checkpoint = opened(tmp_path, tensors, FP8 | {"weight_block_size": None})
        np.testing.assert_array_equal(checkpoint.rows("w", [2]), table("F8_E4M3")[codes[[2]]] / 2)


def test_mxfp4_is_the_tensor_that_the_plain_model_has(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (3, 5, 2, 16), dtype=np.uint8)
    scales = random.integers(120, 130, (3, 5, 2), dtype=np.uint8)
    name = "model.layers.0.mlp.experts.gate_up_proj"
    stored = {f"{name}_blocks": blocks, f"{name}_scales": scales, f"{name}_bias": np.ones((3, 5), np.float32)}
    checkpoint = opened(tmp_path, stored, {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]})
    assert sorted(checkpoint.names()) == [name, f"{name}_bias"]
    expected = np.zeros((3, 64, 5), np.float32)
    for e, o, g, b in np.ndindex(blocks.shape):
        for half, code in enumerate((blocks[e, o, g, b] & 15, blocks[e, o, g, b] >> 4)):
            expected[e, 32 * g + 2 * b + half, o] = E2M1[int(code)] * 2.0 ** (int(scales[e, o, g]) - 127)
    assert checkpoint.shape(name) == (3, 64, 5)
    np.testing.assert_array_equal(checkpoint.array(name), expected)
    np.testing.assert_array_equal(checkpoint.array(name, lambda s: s[2, :, ::2]), expected[2, :, ::2])
    np.testing.assert_array_equal(checkpoint.rows(name, [1]), expected[[1]])


def test_gpt_oss_in_mxfp4_is_the_plain_model_of_the_same_numbers(tmp_path: Path) -> None:
    """As OpenAI published it: experts [expert, out, blocks of 32 inputs] in four bits, the rest in full."""
    random = np.random.default_rng(0)
    steps = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
    experts, d_model, d_ff, layers, vocab = 4, 64, 32, 2, 11
    config = {"model_type": "gpt_oss", "hidden_size": d_model, "intermediate_size": d_ff, "vocab_size": vocab,
              "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
              "num_local_experts": experts, "num_experts_per_tok": 2, "attention_bias": True}  # fmt: skip

    def drawn(*shape: int) -> NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    shared = {"model.embed_tokens.weight": drawn(vocab, d_model), "model.norm.weight": drawn(d_model),
              "lm_head.weight": drawn(vocab, d_model)}  # fmt: skip
    plain: dict[str, NDArray[Any]] = {}
    packed: dict[str, NDArray[Any]] = {}
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        for name, size_out, size_in in (
            ("q", 32, d_model),
            ("k", 16, d_model),
            ("v", 16, d_model),
            ("o", d_model, 32),
        ):
            shared[f"{prefix}self_attn.{name}_proj.weight"] = drawn(size_out, size_in)
            shared[f"{prefix}self_attn.{name}_proj.bias"] = drawn(size_out)
        shared[f"{prefix}self_attn.sinks"] = drawn(4)
        shared[f"{prefix}mlp.router.weight"], shared[f"{prefix}mlp.router.bias"] = (
            drawn(experts, d_model),
            drawn(experts),
        )
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shared[f"{prefix}{norm}.weight"] = drawn(d_model)
        for name, size_out, size_in in (("gate_up_proj", 2 * d_ff, d_model), ("down_proj", d_model, d_ff)):
            codes = random.integers(0, 16, (experts, size_out, size_in // 32, 32), dtype=np.uint8)
            scales = random.integers(122, 128, (experts, size_out, size_in // 32), dtype=np.uint8)
            name_prefix = f"{prefix}mlp.experts.{name}"
            packed[f"{name_prefix}_blocks"] = codes[..., 0::2] | codes[..., 1::2] << 4
            packed[f"{name_prefix}_scales"] = scales
            numbers = np.where(codes & 8, -1, 1) * steps[codes & 7] * 2.0 ** (scales[..., None].astype(int) - 127)
            plain[name_prefix] = numbers.reshape(experts, size_out, size_in).swapaxes(1, 2).astype(np.float32)
            shared[f"{name_prefix}_bias"] = drawn(experts, size_out)
    for folder, tensors, settings in (("plain", plain, None), ("packed", packed, {"quant_method": "mxfp4"})):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text(json.dumps(config | {"quantization_config": settings}))
        kept = {name: np.ascontiguousarray(values) for name, values in (shared | tensors).items()}
        save_file(kept, tmp_path / folder / "model.safetensors")
    ours, theirs = (attncli.trace(ids=[1, 5, 3, 7], model=tmp_path / name) for name in ("packed", "plain"))
    assert set(ours) == set(theirs)
    for name, stage in ours.items():
        values = theirs[name].values
        near = 1e-5 * float(
            np.abs(values[np.isfinite(values)]).max()
        )  # products in another memory layout round differently
        np.testing.assert_allclose(stage.values, values, rtol=1e-4, atol=near, err_msg=name)


def test_only_the_rows_that_are_taken_are_computed() -> None:
    numbers = np.arange(60, dtype=np.float32).reshape(5, 4, 3)
    asked: list[Any] = []

    def rows(index: Any) -> NDArray[Any]:
        asked.append(index)
        return numbers[index]

    for take, first, last in [
        (lambda s: s, 0, 5),
        (lambda s: s[3], 3, 4),
        (lambda s: s[1:3].transpose(2, 0, 1), 1, 3),
        (lambda s: s[::-2, 1, ::-1], 0, 5),
        (lambda s: np.split(s, 5)[2].reshape(4, 3)[1:], 2, 3),
        (lambda s: s[4, 2, 1:2], 4, 5),
        (lambda s: s[[0, 4]], 0, 5),
        (lambda s: s[2:2], 0, 5),
    ]:
        asked.clear()
        np.testing.assert_array_equal(taken(take, numbers.shape, rows), take(numbers))
        assert asked == [slice(first, last)]
    turned = ComputedTensor(numbers.shape, rows, lambda computed: computed.swapaxes(0, 2))
    assert turned.shape == (3, 4, 5)
    np.testing.assert_array_equal(turned.some_rows([2, 0]), numbers.swapaxes(0, 2)[[2, 0]])


@pytest.mark.parametrize("method", ["gptq", "awq", "bitsandbytes", "compressed-tensors", None])
def test_other_methods_are_refused_by_name(attn: Run, tmp_path: Path, method: str | None) -> None:
    write_gpt2(tmp_path / "m", quantization_config={"quant_method": method, "bits": 4})
    message = error_of(attn("explain", "the cat", "-m", "m"), 1)
    assert f"quantized by {method!r}" in message
    assert "fp8 and mxfp4" in message


def test_a_null_quantization_config_is_ignored(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", quantization_config=None)
    assert text_of(attn("explain", "the cat", "-m", "m"))


CODES = ("F8_E4M3", np.ones((20, 9), np.uint8))
SCALES = np.ones((2, 2), np.float32)


@pytest.mark.parametrize(
    ("tensors", "settings", "says"),
    [
        ({"w": CODES}, FP8, "its scale w_scale_inv is missing"),
        ({"w": CODES, "w_scale_inv": SCALES[:1]}, FP8, r"shape \[1, 2\]"),
        ({"w": CODES, "w_scale_inv": SCALES}, FP8 | {"weight_block_size": None}, "one number"),
        ({"w": CODES, "w_scale_inv": SCALES}, FP8 | {"weight_block_size": [16]}, "weight_block_size"),
        ({"w": CODES, "w_scale_inv": SCALES.astype(np.uint8)}, FP8, "dtype U8"),
        ({"w": CODES, "w_scale_inv": SCALES}, FP8 | {"expert_dtype": "fp4"}, "expert_dtype"),
        ({"w": CODES, "w_scale_inv": SCALES}, None, "no quantization_config"),
        ({"a.weight": CODES, "a.scale_weight": SCALES}, None, "no quantization_config"),
        ({"w_blocks": np.ones((1, 2, 1, 16), np.uint8)}, {"quant_method": "mxfp4"}, "w_scales"),
        ({"w": CODES}, [], "must be an object"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, tensors: dict[str, Any], settings: Any, says: str) -> None:
    with pytest.raises(AttnError, match=says):
        opened(tmp_path, tensors, settings)


def test_fp8_without_scales_is_read_as_it_is(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path, {"w": CODES}, None)
    np.testing.assert_array_equal(checkpoint.array("w"), np.full((20, 9), 2.0**-9, np.float32))


def test_an_unsupported_type_does_not_shift_the_tensors_after_it(tmp_path: Path) -> None:
    after = np.arange(3, dtype=np.float32)
    checkpoint = opened(tmp_path, {"half": ("F4", np.zeros(4, np.uint8)), "w": after}, None)
    np.testing.assert_array_equal(checkpoint.array("w"), after)
    with pytest.raises(AttnError, match="half has dtype F4"):
        checkpoint.array("half")
