"""Random checkpoints of real shapes, with a tokenizer of real size, made on the spot.

python checkpoint.py FOLDER [POSITIONS]
"""

from __future__ import annotations

import json
import random
import string
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

VOCAB, WIDTH, LAYERS, HEADS = 50257, 768, 12, 12


def gpt2_small(folder: Path, positions: int = 1024) -> None:
    """A checkpoint of GPT-2 small's shapes in float32 (Radford et al. 2019)."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (VOCAB, WIDTH), "wpe.weight": (positions, WIDTH)}
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
    tokenizer = json.loads(_tokenizer().to_str())
    merges = [" ".join(pair) for pair in tokenizer["model"]["merges"]]  # as the file of GPT-2 has them
    tokenizer["model"]["merges"] = merges
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": WIDTH, "n_layer": LAYERS,
              "n_head": HEADS, "vocab_size": VOCAB, "n_positions": positions}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _tokenizer() -> Tokenizer:
    """Byte-level pairs with as many merges as GPT-2 has: of random letters, since only its size matters."""
    draw = random.Random(0)
    vocabulary = {byte: i for i, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges: list[tuple[str, str]] = []
    for letter in string.ascii_lowercase:  # so that " a" is one token
        vocabulary[f"Ġ{letter}"] = len(vocabulary)
        merges.append(("Ġ", letter))
    pieces = [*string.ascii_lowercase, *(f"Ġ{letter}" for letter in string.ascii_lowercase)]
    while len(vocabulary) < VOCAB - 1:
        one, other = draw.choice(pieces), draw.choice(string.ascii_lowercase)
        if len(one) < 10 and one + other not in vocabulary:
            vocabulary[one + other] = len(vocabulary)
            merges.append((one, other))
            pieces.append(one + other)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


if __name__ == "__main__":
    gpt2_small(Path(sys.argv[1]), *map(int, sys.argv[2:]))
