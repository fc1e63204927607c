"""GGUF files as models: the config.json, tensors and tokenizer that the model has in Hugging Face layout. The
changes that llama.cpp's conversion made to the tensors are undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint, Stored, Take, whole
from attncli.checkpoints.computed import ComputedTensor, RowIndex
from attncli.checkpoints.gguf_file import GgufFile, GgufTensor, read_gguf
from attncli.checkpoints.gguf_rope import ROPE_TENSORS, rope_scaling
from attncli.errors import AttnError
from attncli.language import N_, listed
from attncli.text.tokenization import Tokenizer


@dataclass(frozen=True)
class GgufModel:
    """A GGUF file as the contents of a folder in Hugging Face layout."""

    config: Mapping[str, Any]
    checkpoint: Checkpoint
    tokenizer: Callable[[], Tokenizer]


@dataclass(frozen=True)
class _Architecture:
    """An architecture of llama.cpp: its metadata keys -> fields of config.json, its tensors -> those of Hugging
    Face.

    `prefix`: the prefix of the Hugging Face names. `head`: its name of the head. `permuted`: the rows of Q and K
    are ordered for interleaved rotary pairs. `transposed`: the matrices that Hugging Face stores [in, out]
    (Conv1D). `norm_plus_one`: the conversion added 1 to the weights of the norms. `default_d_head`: config.json
    needs no head_dim where it is hidden_size / num_attention_heads.
    """

    fields: Mapping[str, str]
    tensors: Mapping[str, str]
    prefix: str = "model."
    head: str = "lm_head.weight"
    permuted: bool = False
    transposed: tuple[str, ...] = ()
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
_ARCHITECTURES = {
    "llama": _Architecture(_FIELDS, _TENSORS, permuted=True),
    "qwen2": _Architecture(_FIELDS, _TENSORS),
    "qwen3": _Architecture(_FIELDS, _TENSORS | _QK_NORMS, default_d_head=False),
    "gemma": _Architecture(_FIELDS, _TENSORS, norm_plus_one=True, default_d_head=False),
    "phi3": _Architecture(_FIELDS, _TENSORS | _FUSED),
    "gpt2": _Architecture(
        _GPT2_FIELDS, _GPT2_TENSORS, "transformer.", transposed=("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    ),
}
"""general.architecture, which is also the model_type of config.json -> how to read it."""
_OTHER_KEYS = ("vocab_size", "rope.dimension_count", "attention.key_length", "attention.value_length",
              "attention.sliding_window")  # fmt: skip
_ROPE_KEYS = ("rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
            "rope.scaling.attn_factor", "rope.scaling.finetuned", "tensor_data_layout")  # fmt: skip
_QUERIES = ("blk.0.attn_q.weight", "blk.0.attn_qkv.weight")


def open_gguf(path: Path) -> GgufModel:
    """A GGUF file as a model. Raises AttnError for a broken file, or an unknown architecture or tensor."""
    file = read_gguf(path)
    architecture = file.get("general.architecture")
    if not isinstance(architecture, str) or architecture not in _ARCHITECTURES:
        raise AttnError(
            N_(
                "{path}: attn does not read architecture {architecture!r} from GGUF.",
                path=path,
                architecture=architecture,
            ),
            N_("Known: {architectures}.", architectures=listed(*_ARCHITECTURES)),
        )
    layout = _ARCHITECTURES[architecture]
    config = _config(file, architecture, layout)
    headers = [Stored(name, t.type_name, t.shape, path) for name, t in file.tensors.items()]
    checkpoint = _GgufCheckpoint(str(path), _tensors(file, layout, config), headers)

    def tokenizer() -> Tokenizer:
        from attncli.checkpoints.gguf_tokenizer import tokenizer_of

        return tokenizer_of(file)

    return GgufModel(config, checkpoint, tokenizer)


# ------------------------------------------------------------------ config.json


def _config(file: GgufFile, architecture: str, layout: _Architecture) -> dict[str, Any]:
    """The fields of config.json. Unknown keys of the architecture keep their names, so that they are refused as
    fields that may change the numbers."""
    values = {key.removeprefix(f"{architecture}."): value for key, value in file.metadata.items()
            if key.startswith(f"{architecture}.")}  # fmt: skip
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None:
        raise AttnError(
            N_("{path} has no tensor token_embd.weight.", path=file.path), N_("It is not a complete model.")
        )
    config: dict[str, Any] = {
        "model_type": architecture,
        "vocab_size": embedding.shape[0],
        "tie_word_embeddings": "output.weight" not in file.tensors,
    }
    config |= {field: _one_value(values[key]()) for key, field in layout.fields.items() if key in values}
    config |= {
        f"{architecture}.{key}": _one_value(value())
        for key, value in values.items()
        if key not in layout.fields and key not in (*_OTHER_KEYS, *_ROPE_KEYS)
    }
    _check_layers(file, config.get(layout.fields["block_count"]))
    if architecture == "gpt2":
        return config
    if architecture == "llama":
        config["attention_bias"] = "blk.0.attn_q.bias" in file.tensors
        config["mlp_bias"] = "blk.0.ffn_gate.bias" in file.tensors
    config |= _head_size(file, config, values, layout)
    window = values.get("attention.sliding_window", lambda: 0)()
    if window:
        config["sliding_window"] = _one_value(window)
    rope = rope_scaling(file, config, values)
    if rope is None:
        return config
    if rope["rope_type"] == "longrope":  # Phi-3 has the length outside of rope_scaling
        config["original_max_position_embeddings"] = rope["original_max_position_embeddings"]
    return config | {"rope_scaling": rope}


def _check_layers(file: GgufFile, declared: Any) -> None:
    """Raises AttnError where the metadata and the tensors disagree on the number of layers."""
    layers = {layer for layer in (_split(name.rpartition(".")[0])[1] for name in file.tensors) if layer}
    if declared is not None and declared != len(layers):
        raise AttnError(
            N_(
                "{path}: block_count is {declared!r}, but the file has tensors of {layers_count} blocks.",
                path=file.path,
                declared=declared,
                layers_count=len(layers),
            )
        )


def _one_value(value: Any) -> Any:
    """A list with a number for each layer as one number, if all layers have the same."""
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        return numbers[0] if len(set(numbers)) == 1 else numbers
    return value


def _head_size(
    file: GgufFile, config: Mapping[str, Any], values: Mapping[str, Callable[[], Any]], layout: _Architecture
) -> dict[str, Any]:
    """head_dim and partial_rotary_factor, where config.json needs them."""
    width, heads = _count(file, config, "hidden_size"), _count(file, config, "num_attention_heads")
    default = width // heads
    size = values.get("attention.key_length", lambda: default)()
    if values.get("attention.value_length", lambda: size)() != size:
        raise AttnError(N_("{path}: keys and values of different sizes are not supported.", path=file.path))
    queries = next((file.tensors[n] for n in _QUERIES if n in file.tensors), None)
    if queries is not None and (not isinstance(size, int) or not 0 < size * heads <= queries.shape[0]):
        raise AttnError(
            N_(
                "{path}: {heads} heads of size {size!r} do not fit the matrix W_Q.",
                path=file.path,
                heads=heads,
                size=size,
            )
        )
    fields: dict[str, Any] = {} if layout.default_d_head and size == default else {"head_dim": size}
    rotary = values.get("rope.dimension_count", lambda: size)()
    return fields if rotary == size else fields | {"partial_rotary_factor": rotary / size}


def _count(file: GgufFile, config: Mapping[str, Any], field: str) -> int:
    value = config.get(field)
    if not isinstance(value, int) or value < 1:
        raise AttnError(
            N_(
                "{path}: the metadata for {field} is {value!r}; it must be a whole number above 0.",
                path=file.path,
                field=field,
                value=value,
            )
        )
    return value


@dataclass(frozen=True)
class _GgufCheckpoint:
    """Tensors under their Hugging Face names. Each is dequantized when it is read, and only the requested rows."""

    source: str
    tensors: Mapping[str, ComputedTensor]
    headers: Sequence[Stored]

    def names(self) -> Sequence[str]:
        return list(self.tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape

    def where(self, name: str) -> str:
        return self.source

    def check(self, name: str) -> None:
        self.tensors[name].check()

    def stored(self) -> Sequence[Stored]:
        return self.headers

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        return self.tensors[name].array(take)

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return self.tensors[name].some_rows(ids)


def _tensors(file: GgufFile, layout: _Architecture, config: Mapping[str, Any]) -> dict[str, ComputedTensor]:
    heads = config.get("num_attention_heads")
    heads_of = {"attn_q": heads, "attn_k": config.get("num_key_value_heads", heads)} if layout.permuted else {}
    """Every tensor of the file but the rotary factors, under its Hugging Face name."""
    computed: dict[str, ComputedTensor] = {}
    for name, tensor in file.tensors.items():
        if name in ROPE_TENSORS:
            continue
        stem, _, ending = name.rpartition(".")
        template, layer = _split(stem)
        if name == "output.weight":
            theirs = layout.head
        elif template in layout.tensors and ending in ("weight", "bias"):
            theirs = f"{layout.prefix}{layout.tensors[template].replace('{L}', layer)}.{ending}"
        else:
            raise AttnError(
                N_("{path}: attn does not know the tensor {name} of this architecture.", path=file.path, name=name)
            )
        module = template.rpartition(".")[2]
        rows: Callable[[RowIndex], NDArray[Any]] = tensor.rows
        if module in heads_of:
            rows = _unpermuted(file, name, tensor, heads_of[module])
        elif layout.norm_plus_one and module.endswith("_norm"):
            rows = _minus_one(tensor)
        plain = ComputedTensor(tensor.shape, rows, check=tensor.check)
        transposed = module in layout.transposed and ending == "weight"
        computed[theirs] = replace(plain, take=np.transpose) if transposed else plain
    return computed


def _split(stem: str) -> tuple[str, str]:
    """blk.3.attn_q -> (blk.{L}.attn_q, 3)"""
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    return (f"blk.{{L}}.{match[2]}", match[1]) if match else (stem, "")


def _unpermuted(file: GgufFile, name: str, tensor: GgufTensor, heads: Any) -> Callable[[RowIndex], NDArray[Any]]:
    """The rows of Q or K in Hugging Face's order, where the two rows of a rotary pair are half a head apart;
    llama.cpp stores them side by side."""
    count = tensor.shape[0]
    if not isinstance(heads, int) or heads < 1 or count % (2 * heads):
        raise AttnError(
            N_(
                "{path}: tensor {name} has {count} rows; {count} is not divisible by twice its {heads!r} heads.",
                path=file.path,
                name=name,
                count=count,
                heads=heads,
            )
        )
    stored = np.arange(count).reshape(heads, count // heads // 2, 2).swapaxes(1, 2).reshape(-1)
    return lambda index: tensor.rows(stored[index])


def _minus_one(tensor: GgufTensor) -> Callable[[RowIndex], NDArray[Any]]:
    return lambda index: tensor.rows(index) - np.float32(1)
