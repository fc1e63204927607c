"""Makes random checkpoints with the shapes of real models and a tokenizer of real size.

python checkpoint.py gpt2-small FOLDER [POSITIONS]
python checkpoint.py tinyllama FOLDER [LAYERS]
python checkpoint.py llama-2-7b FOLDER [LAYERS]

The Llamas are in bfloat16, in shards, and written a few rows at a time, so that making one needs little memory.
"""

from __future__ import annotations

import json
import random
import string
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

VOCAB, WIDTH, LAYERS, HEADS = 50257, 768, 12, 12
SHARD = 1 << 30  # bytes
CHUNK = 1 << 20  # numbers drawn at a time

Shapes = dict[str, tuple[int, ...]]


def gpt2_small(folder: Path, positions: int = 1024) -> None:
    """A checkpoint of GPT-2 small's shapes in float32 (Radford et al. 2019)."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes: Shapes = {"wte.weight": (VOCAB, WIDTH), "wpe.weight": (positions, WIDTH)}
    for layer in range(LAYERS):
        for name, size_in, size_out in (
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, 4 * WIDTH),
            ("mlp.c_proj", 4 * WIDTH, WIDTH),
        ):
            shapes[f"h.{layer}.{name}.weight"] = (size_in, size_out)
            shapes[f"h.{layer}.{name}.bias"] = (size_out,)
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"h.{layer}.{norm}.weight": (WIDTH,), f"h.{layer}.{norm}.bias": (WIDTH,)}
    shapes |= {"ln_f.weight": (WIDTH,), "ln_f.bias": (WIDTH,)}
    draw = np.random.default_rng(0)
    tensors = {
        f"transformer.{n}": draw.standard_normal(s, np.float32) * np.float32(0.04) for n, s in shapes.items()
    }
    for name in tensors:
        if "ln_" in name and name.endswith("weight"):
            tensors[name] += 1
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    _write_tokenizer(folder, VOCAB)
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": WIDTH, "n_layer": LAYERS,
              "n_head": HEADS, "vocab_size": VOCAB, "n_positions": positions}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))


@dataclass(frozen=True)
class Llama:
    """The shapes of a Llama."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    d_ff: int
    positions: int
    vocab: int = 32000

    @property
    def shapes(self) -> Shapes:
        """The shape of every tensor, as `transformers` names and stores it."""
        d, kv = self.width, self.width // self.heads * self.kv_heads
        shapes: Shapes = {"model.embed_tokens.weight": (self.vocab, d)}
        for layer in range(self.layers):
            prefix = f"model.layers.{layer}."
            for name, size_out, size_in in (
                ("self_attn.q_proj", d, d),
                ("self_attn.k_proj", kv, d),
                ("self_attn.v_proj", kv, d),
                ("self_attn.o_proj", d, d),
                ("mlp.gate_proj", self.d_ff, d),
                ("mlp.up_proj", self.d_ff, d),
                ("mlp.down_proj", d, self.d_ff),
            ):
                shapes[f"{prefix}{name}.weight"] = (size_out, size_in)
            shapes |= {f"{prefix}{norm}.weight": (d,) for norm in ("input_layernorm", "post_attention_layernorm")}
        return shapes | {"model.norm.weight": (d,), "lm_head.weight": (self.vocab, d)}


TINYLLAMA = Llama(width=2048, layers=22, heads=32, kv_heads=4, d_ff=5632, positions=2048)
"""1.1 billion parameters (Zhang et al. 2024)."""
LLAMA_2_7B = Llama(width=4096, layers=32, heads=32, kv_heads=32, d_ff=11008, positions=4096)
"""6.7 billion parameters (Touvron et al. 2023)."""


def llama(folder: Path, shape: Llama) -> None:
    """A Llama in bfloat16, in shards of about a gigabyte; only a few rows at a time are in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    shards = list(_shards(shape.shapes))
    file_of = {}
    for i, tensors in enumerate(shards):
        file = f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        file_of |= dict.fromkeys(tensors, file)
        _write_shard(folder / file, tensors, draw)
    index = {"metadata": {"total_size": sum(2 * _count(s) for s in shape.shapes.values())}, "weight_map": file_of}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    _write_tokenizer(folder, shape.vocab)
    # otherwise transformers would add SentencePiece's steps to the tokenizer of a Llama
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": shape.width,
              "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
              "num_key_value_heads": shape.kv_heads, "intermediate_size": shape.d_ff, "vocab_size": shape.vocab,
              "max_position_embeddings": shape.positions, "rms_norm_eps": 1e-5, "torch_dtype": "bfloat16",
              "tie_word_embeddings": False}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _shards(shapes: Shapes) -> Iterator[Shapes]:
    """The tensors in order, grouped into shards of at most SHARD bytes."""
    shard: Shapes = {}
    for name, shape in shapes.items():
        if shard and sum(2 * _count(s) for s in [*shard.values(), shape]) > SHARD:
            yield shard
            shard = {}
        shard[name] = shape
    yield shard


def _write_shard(file: Path, tensors: Shapes, draw: np.random.Generator) -> None:
    """A safetensors file: the size of the header, the header in JSON, then the numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end := end + 2 * _count(shape)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for shape in tensors.values():
            for start in range(0, _count(shape), CHUNK):
                size = min(CHUNK, _count(shape) - start)
                norm = len(shape) == 1
                numbers = np.ones(size, np.float32) if norm else draw.standard_normal(size, np.float32) / 32
                out.write((numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes())


def _write_tokenizer(folder: Path, vocab: int) -> None:
    tokenizer = json.loads(_tokenizer(vocab).to_str())
    merges = [" ".join(pair) for pair in tokenizer["model"]["merges"]]  # as in the file of GPT-2
    tokenizer["model"]["merges"] = merges
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")


def _tokenizer(vocab: int) -> Tokenizer:
    """A byte-level BPE tokenizer with as many merges as a real one, of random letters: only its size matters."""
    draw = random.Random(0)
    vocabulary = {byte: i for i, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges: list[tuple[str, str]] = []
    for letter in string.ascii_lowercase:  # so that " a" is one token
        vocabulary[f"Ġ{letter}"] = len(vocabulary)
        merges.append(("Ġ", letter))
    tokens = [*string.ascii_lowercase, *(f"Ġ{letter}" for letter in string.ascii_lowercase)]
    while len(vocabulary) < vocab - 1:
        left, right = draw.choice(tokens), draw.choice(string.ascii_lowercase)
        if len(left) < 10 and left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))
            tokens.append(left + right)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def main(kind: str, folder: str, size: str | None = None) -> None:
    if kind == "gpt2-small":
        gpt2_small(Path(folder), 1024 if size is None else int(size))
        return
    shape = {"tinyllama": TINYLLAMA, "llama-2-7b": LLAMA_2_7B}[kind]
    llama(Path(folder), shape if size is None else Llama(**vars(shape) | {"layers": int(size)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
