"""GGUF files of the golden models, written with the `gguf` package as llama.cpp's conversion does."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints.safetensors import open_safetensors
from tests.support.tensor_files import GOLDEN

Numbers = NDArray[Any]
Writer = Callable[[gguf.GGUFWriter], None]

LLAMA_NAMES = {
    "embed_tokens": "token_embd", "norm": "output_norm", "input_layernorm": "attn_norm", "q_proj": "attn_q",
    "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down", "lm_head": "output",
    "q_norm": "attn_q_norm", "k_norm": "attn_k_norm", "qkv_proj": "attn_qkv", "gate_up_proj": "ffn_up",
}  # fmt: skip
GPT2_NAMES = {
    "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "ln_1": "attn_norm", "c_attn": "attn_qkv",
    "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    "lm_head": "output",
}  # fmt: skip


def write(
    file: Path, like: Path, *extra: Writer, quantize: Mapping[str, gguf.GGMLQuantizationType] | None = None
) -> Path:
    """Writes the model of a folder as a GGUF file. `extra` writers add metadata and tensors. Tensors whose name
    contains a key of `quantize` are quantized by the gguf package."""
    config = json.loads((like / "config.json").read_text())
    arch = config["model_type"]
    writer = gguf.GGUFWriter(file, arch)
    (_gpt2_metadata if arch == "gpt2" else _decoder_metadata)(writer, config)
    checkpoint = open_safetensors(like)
    for name in checkpoint.names():
        if name.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        theirs, values = _named(name, checkpoint.array(name).astype(np.float32), config)
        kind = next((k for name_part, k in (quantize or {}).items() if name_part in theirs), None)
        if kind is None:
            writer.add_tensor(theirs, np.ascontiguousarray(values))
        else:
            writer.add_tensor(theirs, gguf.quants.quantize(values, kind), raw_dtype=kind)
    for add in extra:
        add(writer)
    return finish(writer, file)


def finish(writer: gguf.GGUFWriter, file: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _decoder_metadata(writer: gguf.GGUFWriter, config: Mapping[str, Any]) -> None:
    heads, head_dim = config["num_attention_heads"], config.get("head_dim")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = config.get("rope_theta") or rope.get("rope_theta", 10000.0)
    size = head_dim or config["hidden_size"] // heads
    share = config.get("partial_rotary_factor") or rope.get("partial_rotary_factor", 1.0)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_rope_dimension_count(int(size * share))
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(theta)
    writer.add_file_type(0)
    if head_dim is not None:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    kind = rope.get("rope_type", rope.get("type"))
    if config.get("sliding_window") and config["model_type"] == "phi3":
        writer.add_sliding_window(config["sliding_window"])
    if kind == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if kind in ("longrope", "su"):
        if "attention_factor" in rope:
            writer.add_rope_scaling_attn_factors(rope["attention_factor"])
        original = rope.get("original_max_position_embeddings") or config["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)
        for length in ("long", "short"):
            writer.add_tensor(f"rope_factors_{length}.weight", np.array(rope[f"{length}_factor"], np.float32))
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if kind == "llama3":
        writer.add_tensor("rope_freqs.weight", _llama3_factors(size, theta, rope))


def _llama3_factors(size: int, theta: float, rope: Mapping[str, Any]) -> Numbers:
    """The divisor of each frequency in llama.cpp."""
    original, low, high = (
        rope[n] for n in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor")
    )
    factors = []
    for i in range(0, size, 2):
        wavelength = 2 * np.pi * theta ** (i / size)
        if wavelength < original / high:
            factors.append(1.0)
        elif wavelength > original / low:
            factors.append(rope["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, np.float32)


def _gpt2_metadata(writer: gguf.GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(config.get("n_inner") or 4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_file_type(0)


def _named(name: str, values: Numbers, config: Mapping[str, Any]) -> tuple[str, Numbers]:
    parts = name.removeprefix("model.").removeprefix("transformer.").split(".")
    gpt2 = config["model_type"] == "gpt2"
    block = f"blk.{parts[1]}." if parts[0] in ("layers", "h") else ""
    known = GPT2_NAMES if gpt2 else LLAMA_NAMES
    module = parts[-2] if parts[-2] in known else ".".join(parts[-3:-1])
    if gpt2 and module.rpartition(".")[2].startswith("c_") and values.ndim == 2:
        values = values.T
    if config["model_type"] == "gemma" and module.endswith("norm"):
        values = values + 1
    if config["model_type"] == "llama" and module in ("q_proj", "k_proj"):
        heads = config["num_attention_heads" if module == "q_proj" else "num_key_value_heads"]
        half = values.shape[0] // heads // 2
        values = values.reshape(heads, 2, half, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
    return f"{block}{known[module]}.{parts[-1]}", values


def byte_pairs(
    tokens: Sequence[str], merges: Sequence[str], special: Sequence[str], pre: str | None = None
) -> Writer:
    """The metadata of a byte-level tokenizer."""

    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        if pre is not None:
            writer.add_tokenizer_pre(pre)
        writer.add_token_list(list(tokens))
        writer.add_token_types([3 if token in special else 1 for token in tokens])
        writer.add_token_merges(list(merges))

    return add


def pieces(tokens: Sequence[str], scores: Sequence[float], kinds: Sequence[int], **flags: Any) -> Writer:
    """The metadata of a SentencePiece tokenizer."""

    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("llama")
        writer.add_token_list(list(tokens))
        writer.add_token_scores(list(scores))
        writer.add_token_types(list(kinds))
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        for name, value in flags.items():
            writer.add_bool(f"tokenizer.ggml.{name}", value)

    return add


def gpt2_vocabulary() -> tuple[list[str], list[str]]:
    """The tokens, by id, and the merges of the golden model gpt2-merges."""
    folder = GOLDEN / "gpt2-merges"
    numbered = json.loads((folder / "vocab.json").read_text("utf-8"))
    merges = (folder / "merges.txt").read_text("utf-8").splitlines()
    return sorted(numbered, key=numbered.__getitem__), [m for m in merges if m and not m.startswith("#")]


_SPECIAL = ["<unk>", "<s>", "</s>"]
_BYTES = [f"<0x{b:02X}>" for b in range(256)]
WORDS = ["▁t", "he", "▁the", "th", "▁c", "at", "▁cat", "s", "▁", "t", "h", "e", "c", "a", "▁a", "▁▁", "cat", "猫"]
VOCABULARY = [*_SPECIAL, *_BYTES, *WORDS]
SCORES = [0.0] * (3 + 256) + [-float(i) for i in random.Random(1).sample(range(100), len(WORDS))]
KINDS = [2, 3, 3, *[6] * 256, *[1] * len(WORDS)]
"""A small SentencePiece vocabulary with byte fallback: its tokens, their scores and their types."""
