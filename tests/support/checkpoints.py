"""Tiny random checkpoints in Hugging Face layout, for tests that need a folder to break."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

GOLDEN = Path(__file__).parent.parent / "golden"
CONFIG = {
    "model_type": "gpt2",
    "n_embd": 12,
    "n_layer": 2,
    "n_head": 3,
    "vocab_size": 20,
    "n_positions": 16,
    "architectures": ["GPT2LMHeadModel"],
}
WORDS = ["[UNK]", "the", "cat", "sat", "on", "mat", "[bold]", "\x1b[31m", "a b", "\n"]


def tensors() -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    d, shapes = 12, {"wte.weight": (20, 12), "wpe.weight": (16, 12)}
    for i in range(2):
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"h.{i}.{norm}.weight": (d,), f"h.{i}.{norm}.bias": (d,)}
        for name, size_in, size_out in (
            ("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, 4 * d), ("mlp.c_proj", 4 * d, d),
        ):  # fmt: skip
            shapes |= {f"h.{i}.{name}.weight": (size_in, size_out), f"h.{i}.{name}.bias": (size_out,)}
    shapes |= {"ln_f.weight": (d,), "ln_f.bias": (d,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def write_gpt2(folder: Path, changed: dict[str, Any] | None = None, **config: Any) -> Path:
    """A GPT-2 with a word-level tokenizer; `changed` replaces tensors (None removes one)."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {k: v for k, v in (tensors() | (changed or {})).items() if v is not None}
    save_file(arrays, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def changed_golden(case: str, folder: Path, **fields: Any) -> Path:
    """A golden checkpoint whose config.json says something else; None takes a field out."""
    shutil.copytree(GOLDEN / case, folder / "model")
    file = folder / "model" / "config.json"
    config = json.loads(file.read_text()) | fields
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return folder / "model"
