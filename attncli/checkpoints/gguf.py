"""GGUF files of the families that llama.cpp shares with us: the config.json, the tensors and the tokenizer that
the same model has in Hugging Face layout. What llama.cpp's conversion did to the tensors is undone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint, Stored, Take, whole
from attncli.checkpoints.computed import Index, Made
from attncli.checkpoints.gguf_file import GgufFile, GgufTensor, read_gguf
from attncli.errors import AttnError
from attncli.formula.positions import inverse_frequencies, scale_llama3
from attncli.text.tokenization import Tokenizer


@dataclass(frozen=True)
class GgufModel:
    """What a folder in Hugging Face layout holds."""

    config: Mapping[str, Any]
    checkpoint: Checkpoint
    tokenizer: Callable[[], Tokenizer]


@dataclass(frozen=True)
class _Kind:
    """An architecture of llama.cpp: its metadata's keys -> config.json's fields, its tensors -> theirs.

    `permuted`: the rows of Q and K are in the order of interleaved rotary pairs. `turned`: matrices are [in, out]
    with Hugging Face (Conv1D). `norm_plus_one`: 1 has been added to the norms' weights.
    """

    fields: Mapping[str, str]
    tensors: Mapping[str, str]
    prefix: str = "model."
    head: str = "lm_head.weight"
    permuted: bool = False
    turned: tuple[str, ...] = ()
    norm_plus_one: bool = False
    default_d_head: bool = True


_FIELDS = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
}
_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TENSORS = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    **{f"blk.{{L}}.{name}": f"layers.{{L}}.{theirs}" for name, theirs in _BLOCK.items()},
}
_QK_NORMS = {f"blk.{{L}}.attn_{n}_norm": f"layers.{{L}}.self_attn.{n}_norm" for n in "qk"}
_FUSED = {
    "blk.{L}.attn_qkv": "layers.{L}.self_attn.qkv_proj",
    "blk.{L}.ffn_up": "layers.{L}.mlp.gate_up_proj",
}
_GPT2_FIELDS = {
    "block_count": "n_layer",
    "context_length": "n_positions",
    "embedding_length": "n_embd",
    "feed_forward_length": "n_inner",
    "attention.head_count": "n_head",
    "attention.layer_norm_epsilon": "layer_norm_epsilon",
}
_GPT2_TENSORS = {
    "token_embd": "wte",
    "position_embd": "wpe",
    "output_norm": "ln_f",
    "blk.{L}.attn_norm": "h.{L}.ln_1",
    "blk.{L}.attn_qkv": "h.{L}.attn.c_attn",
    "blk.{L}.attn_output": "h.{L}.attn.c_proj",
    "blk.{L}.ffn_norm": "h.{L}.ln_2",
    "blk.{L}.ffn_up": "h.{L}.mlp.c_fc",
    "blk.{L}.ffn_down": "h.{L}.mlp.c_proj",
}
_KINDS = {
    "llama": _Kind(_FIELDS, _TENSORS, permuted=True),
    "qwen2": _Kind(_FIELDS, _TENSORS),
    "qwen3": _Kind(_FIELDS, _TENSORS | _QK_NORMS, default_d_head=False),
    "gemma": _Kind(_FIELDS, _TENSORS, norm_plus_one=True, default_d_head=False),
    "phi3": _Kind(_FIELDS, _TENSORS | _FUSED),
    "gpt2": _Kind(
        _GPT2_FIELDS, _GPT2_TENSORS, "transformer.", turned=("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    ),
}
"""general.architecture -> how to read it; each is the model_type of its config.json too."""
_OF_FIELDS = ("vocab_size", "rope.dimension_count", "attention.key_length", "attention.value_length",
              "attention.sliding_window")  # fmt: skip
_OF_ROPE = ("rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
            "rope.scaling.attn_factor", "rope.scaling.finetuned", "tensor_data_layout")  # fmt: skip
_QUERIES = ("blk.0.attn_q.weight", "blk.0.attn_qkv.weight")
_ROPE_TENSORS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")


def open_gguf(path: Path) -> GgufModel:
    """A GGUF file as a model. Raises AttnError for a broken file, or an architecture or tensor not known."""
    file = read_gguf(path)
    architecture = file.get("general.architecture")
    if not isinstance(architecture, str) or architecture not in _KINDS:
        raise AttnError(f"{path}: architecture {architecture!r} is not one that attn reads from GGUF.",
                        f"Known: {', '.join(_KINDS)}.")  # fmt: skip
    kind = _KINDS[architecture]
    config = _config(file, architecture, kind)
    headers = [Stored(name, t.type_name, t.shape, path) for name, t in file.tensors.items()]
    checkpoint = _GgufCheckpoint(str(path), _tensors(file, kind, config), headers)

    def tokenizer() -> Tokenizer:
        from attncli.checkpoints.gguf_tokenizer import tokenizer_of

        return tokenizer_of(file)

    return GgufModel(config, checkpoint, tokenizer)


# ------------------------------------------------------------------ config.json


def _config(file: GgufFile, architecture: str, kind: _Kind) -> dict[str, Any]:
    """The fields of config.json. Keys of the architecture that are not known keep their name, so that they are
    refused as a field that may change the numbers."""
    ours = {key.removeprefix(f"{architecture}."): value for key, value in file.metadata.items()
            if key.startswith(f"{architecture}.")}  # fmt: skip
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise AttnError(f"{file.path} has no tensor token_embd.weight.", "It holds no whole model.")
    config: dict[str, Any] = {
        "model_type": architecture,
        "vocab_size": embedding.shape[0],
        "tie_word_embeddings": "output.weight" not in file.tensors,
    }
    config |= {field: _plain(ours[key]()) for key, field in kind.fields.items() if key in ours}
    config |= {
        f"{architecture}.{key}": _plain(value())
        for key, value in ours.items()
        if key not in kind.fields and key not in (*_OF_FIELDS, *_OF_ROPE)
    }
    _check_layers(file, config.get(kind.fields["block_count"]))
    if architecture == "gpt2":
        return config
    if architecture == "llama":
        config["attention_bias"] = "blk.0.attn_q.bias" in file.tensors
        config["mlp_bias"] = "blk.0.ffn_gate.bias" in file.tensors
    config |= _head_size(file, config, ours, kind)
    window = ours.get("attention.sliding_window", lambda: 0)()
    if window:
        config["sliding_window"] = _plain(window)
    rope = _rope(file, config, ours)
    if rope is None:
        return config
    if rope["rope_type"] == "longrope":  # Phi-3 has it outside of rope_scaling
        config["original_max_position_embeddings"] = rope["original_max_position_embeddings"]
    return config | {"rope_scaling": rope}


def _check_layers(file: GgufFile, declared: Any) -> None:
    """Raises AttnError where the metadata do not have as many layers as the tensors."""
    layers = {layer for layer in (_split(name.rpartition(".")[0])[1] for name in file.tensors) if layer}
    if declared is not None and declared != len(layers):
        raise AttnError(
            f"{file.path}: block_count is {declared!r}, but there are tensors of {len(layers)} blocks."
        )


def _plain(value: Any) -> Any:
    """A number of each layer is one number where all layers have the same."""
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        return numbers[0] if len(set(numbers)) == 1 else numbers
    return value


def _head_size(
    file: GgufFile, config: Mapping[str, Any], ours: Mapping[str, Callable[[], Any]], kind: _Kind
) -> dict[str, Any]:
    width, heads = _count(file, config, "hidden_size"), _count(file, config, "num_attention_heads")
    shared = width // heads
    size = ours.get("attention.key_length", lambda: shared)()
    if ours.get("attention.value_length", lambda: size)() != size:
        raise AttnError(f"{file.path}: keys and values of different sizes are not supported.")
    queries = next((file.tensors[n] for n in _QUERIES if n in file.tensors), None)
    if queries is not None and (not isinstance(size, int) or not 0 < size * heads <= queries.shape[0]):
        raise AttnError(f"{file.path}: {heads} heads of size {size!r} do not fit its matrix W_Q.")
    fields: dict[str, Any] = {} if kind.default_d_head and size == shared else {"head_dim": size}
    turned = ours.get("rope.dimension_count", lambda: size)()
    return fields if turned == size else fields | {"partial_rotary_factor": turned / size}


def _count(file: GgufFile, config: Mapping[str, Any], field: str) -> int:
    value = config.get(field)
    if not isinstance(value, int) or value < 1:
        raise AttnError(f"{file.path}: the metadata for {field} is {value!r}; a whole number above 0 is needed.")
    return value


def _rope(
    file: GgufFile, config: Mapping[str, Any], ours: Mapping[str, Callable[[], Any]]
) -> dict[str, Any] | None:
    """rope_scaling, which GGUF keeps as a kind and numbers, or as a tensor of factors by which to divide."""
    factor, original, attention = (
        ours.get(f"rope.scaling.{name}", lambda: None)()
        for name in ("factor", "original_context_length", "attn_factor")
    )
    # As in llama.cpp, a factor without a kind is linear, and one of 0 is none
    kind = ours.get("rope.scaling.type", lambda: "linear" if factor else "none")()
    if "rope_factors_long.weight" in file.tensors and kind in ("none", "longrope"):
        return _long_rope(file, config, original, attention)
    others = [name for name in _ROPE_TENSORS if name in file.tensors]
    if others == ["rope_freqs.weight"] and kind == "none":
        return _llama3(file, config)
    if attention not in (None, 1.0):
        others.append("attn_factor")
    if others:
        raise AttnError(f"{file.path}: rope scaling {kind!r} with {', '.join(others)} is not supported.")
    if kind == "none":
        return None
    scaling = {"rope_type": kind, "factor": factor}
    return scaling if kind == "linear" else scaling | {"original_max_position_embeddings": original}


def _long_rope(file: GgufFile, config: Mapping[str, Any], original: Any, attention: Any) -> dict[str, Any]:
    """Long and short factors (Ding et al. 2024, LongRoPE). The factor on attention is left out where it is the one
    that transformers computes: √(1 + ln s / ln original), with s the growth of the context."""
    if "rope_factors_short.weight" not in file.tensors:
        raise AttnError(f"{file.path} has long rope factors, but no rope_factors_short.weight.")
    factors = {n: file.tensors[f"rope_factors_{n}.weight"].rows(slice(None)).tolist() for n in ("long", "short")}
    scaling = {"rope_type": "longrope", **{f"{n}_factor": values for n, values in factors.items()}}
    length = config.get("max_position_embeddings")
    if not isinstance(original, int) or not isinstance(length, int):
        raise AttnError(f"{file.path}: long rope factors need context_length and its original_context_length.")
    scaling["original_max_position_embeddings"] = original
    grown = length / original
    usual = math.sqrt(1 + math.log(grown) / math.log(original)) if grown > 1 else 1.0
    if attention is not None and abs(attention - usual) > 1e-5:
        scaling["attention_factor"] = attention
    return scaling


def _llama3(file: GgufFile, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of Llama 3's scaling that give the file's factors. Every Llama 3 has low_freq_factor 1 and
    high_freq_factor 4; the factor is the largest, and the original length is solved for from a frequency between:
    wavelength · (3 smooth + 1), with 1 / f = (1 - smooth) / factor + smooth.

    Raises AttnError where they do not give the same factors.
    """
    factors = file.tensors["rope_freqs.weight"].rows(slice(None)).astype(np.float64).reshape(-1)
    if not np.isfinite(factors).all() or (factors <= 0).any():
        raise AttnError(f"{file.path}: the factors of rope_freqs.weight are not numbers above 0.")
    plain = inverse_frequencies(2 * len(factors), float(config.get("rope_theta", 10000.0)))
    wavelength, largest = 2 * np.pi / plain, float(factors.max())
    between = (factors > 1 + 1e-6) & (factors < largest * (1 - 1e-6))
    if between.any():
        smooth = (1 / factors[between] - 1 / largest) / (1 - 1 / largest)
        original = round(float(np.median(wavelength[between] * (3 * smooth + 1))))
    else:  # any length will do whose bounds fall between the same two frequencies
        original = math.floor(float(wavelength[factors == largest].min()))
    if not np.allclose(scale_llama3(plain, largest, 1.0, 4.0, original), plain / factors, rtol=1e-5, atol=0):
        raise AttnError(f"{file.path}: the factors of rope_freqs.weight are not those of Llama 3's scaling.")
    return {"rope_type": "llama3", "factor": largest, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": original}  # fmt: skip


# ------------------------------------------------------------------ tensors


@dataclass(frozen=True)
class _GgufCheckpoint:
    """Tensors under their Hugging Face names, each dequantized when it is read, and only the rows asked for."""

    source: str
    tensors: Mapping[str, Made]
    headers: Sequence[Stored]

    def names(self) -> Sequence[str]:
        return list(self.tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape

    def where(self, name: str) -> str:
        return self.source

    def stored(self) -> Sequence[Stored]:
        return self.headers

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        return self.tensors[name].array(take)

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return self.tensors[name].some_rows(ids)


def _tensors(file: GgufFile, kind: _Kind, config: Mapping[str, Any]) -> dict[str, Made]:
    heads = config.get("num_attention_heads")
    heads_of = {"attn_q": heads, "attn_k": config.get("num_key_value_heads", heads)} if kind.permuted else {}
    made: dict[str, Made] = {}
    for name, tensor in file.tensors.items():
        if name in _ROPE_TENSORS:
            continue
        stem, _, ending = name.rpartition(".")
        template, layer = _split(stem)
        if name == "output.weight":
            theirs = kind.head
        elif template in kind.tensors and ending in ("weight", "bias"):
            theirs = f"{kind.prefix}{kind.tensors[template].replace('{L}', layer)}.{ending}"
        else:
            raise AttnError(f"{file.path}: tensor {name} is none that attn knows of this architecture.")
        part = template.rpartition(".")[2]
        rows: Callable[[Index], NDArray[Any]] = tensor.rows
        if part in heads_of:
            rows = _unpermuted(file, name, tensor, heads_of[part])
        elif kind.norm_plus_one and part.endswith("_norm"):
            rows = _minus_one(tensor)
        plain = Made(tensor.shape, rows)
        turned = part in kind.turned and ending == "weight"
        made[theirs] = replace(plain, take=np.transpose) if turned else plain
    return made


def _split(stem: str) -> tuple[str, str]:
    """blk.3.attn_q -> (blk.{L}.attn_q, 3)"""
    found = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    return (f"blk.{{L}}.{found[2]}", found[1]) if found else (stem, "")


def _unpermuted(file: GgufFile, name: str, tensor: GgufTensor, heads: Any) -> Callable[[Index], NDArray[Any]]:
    """The rows of Q or K with the two halves of each rotary pair half a head apart, as Hugging Face has them;
    llama.cpp has the halves side by side."""
    count = tensor.shape[0]
    if not isinstance(heads, int) or heads < 1 or count % (2 * heads):
        raise AttnError(f"{file.path}: tensor {name} has {count} rows, which {heads} heads of pairs cannot share.")
    stored = np.arange(count).reshape(heads, count // heads // 2, 2).swapaxes(1, 2).reshape(-1)
    return lambda index: tensor.rows(stored[index])


def _minus_one(tensor: GgufTensor) -> Callable[[Index], NDArray[Any]]:
    return lambda index: tensor.rows(index) - np.float32(1)
