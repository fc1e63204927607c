"""Makes the golden files: tiny random checkpoints, each as awkward as the real ones that lie about, and what
`transformers` with eager attention gives for them. Run from the repository's root, with torch and
transformers installed:

python -m tests.golden.make [CASE ...]

Each case is a folder: the checkpoint, `input.json` (text or ids) and `expected.safetensors`, stage by stage.
"""

from __future__ import annotations

import json
import shutil
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.numpy import save_file
from safetensors.torch import load_file
from safetensors.torch import save_file as save_tensors

from tests.golden.tokenizers import TEXT, TEXTS, write_byte_pairs, write_word_pieces
from tests.reference import expected_stages, random_model

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

HERE = Path(__file__).parent
Tensors = dict[str, torch.Tensor]
Config = dict[str, Any]

GPT2 = {"n_embd": 15, "n_layer": 2, "n_head": 3, "vocab_size": 41, "n_positions": 13}
BERT = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 22,
        "vocab_size": 43, "max_position_embeddings": 14}  # fmt: skip
LLAMA = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
         "intermediate_size": 30, "vocab_size": 47, "max_position_embeddings": 32}  # fmt: skip
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 16}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A random model, and what is done to its files so that they look like those of some years and makers."""

    family: str
    fields: Config
    bare: bool = False
    tensors: Callable[[Tensors], Tensors] = lambda tensors: tensors
    config: Callable[[Config], Config] = lambda config: config
    tokenizer: Callable[[Path], None] | None = None
    dtype: torch.dtype = torch.float32
    shard_size: str = "1GB"
    input: dict[str, Any] = field(default_factory=lambda: {"ids": [7, 3, 0, 7, 39, 12, 25, 3, 18]})


# ------------------------------------------------------------------ what is done to the files


def without_prefix(prefix: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name.removeprefix(prefix): t for name, t in tensors.items()}


def with_causal_buffers(tensors: Tensors) -> Tensors:
    """GPT-2 checkpoints of old hold the mask and its fill value in each layer."""
    mask = torch.tril(torch.ones(13, 13, dtype=torch.uint8)).view(1, 1, 13, 13)
    buffers = {f"transformer.h.{i}.attn.{n}": t for i in range(2)
               for n, t in (("bias", mask.clone()), ("masked_bias", torch.tensor(-1e4)))}  # fmt: skip
    return tensors | buffers


def with_position_ids(tensors: Tensors) -> Tensors:
    return tensors | {"bert.embeddings.position_ids": torch.arange(14).view(1, 14)}


def with_old_bias(tensors: Tensors) -> Tensors:
    """Checkpoints of a later day hold the masked-word head's bias under both of its names."""
    return tensors | {"cls.predictions.decoder.bias": tensors["cls.predictions.bias"].clone()}


def with_gamma_and_beta(tensors: Tensors) -> Tensors:
    def old(name: str) -> str:
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    return {old(name): t for name, t in tensors.items()}


def said_to_be_tied(config: Config) -> Config:
    return config | {"tie_word_embeddings": True}


def older(config: Config) -> Config:
    """config.json as most of the hub has it: rope_theta and rope_scaling, torch_dtype."""
    rope = dict(config.pop("rope_parameters", {}))
    if rope:
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    return config


def oldest(config: Config) -> Config:
    """The kind of scaling was once called `type`."""
    config = older(config)
    config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
    return config


CASES = {
    "gpt2-odd": Case("gpt2", GPT2, tensors=with_causal_buffers, config=older),
    "gpt2-bare": Case("gpt2", GPT2 | {"activation_function": "relu", "scale_attn_weights": False, "n_inner": 17},
                      tensors=without_prefix("transformer.")),
    "gpt2-untied": Case("gpt2", GPT2 | {"tie_word_embeddings": False, "n_layer": 3, "n_head": 5}),
    "gpt2-own-head": Case("gpt2", GPT2 | {"tie_word_embeddings": False}, config=said_to_be_tied),
    "gpt2-merges": Case("gpt2", GPT2 | {"vocab_size": 300, "n_positions": 64}, tokenizer=write_byte_pairs,
                        dtype=torch.float16, input={"text": TEXT}),
    "bert-tied": Case("bert", BERT, tensors=with_position_ids, config=older),
    "bert-bare": Case("bert", BERT | {"hidden_act": "gelu_new", "layer_norm_eps": 1e-3}, bare=True),
    "bert-gamma": Case("bert", BERT, tensors=lambda t: with_gamma_and_beta(with_old_bias(t))),
    "bert-untied": Case("bert", BERT | {"tie_word_embeddings": False, "hidden_act": "relu"}),
    "bert-pair": Case("bert", BERT | {"vocab_size": 64, "max_position_embeddings": 40},
                      tokenizer=write_word_pieces, input={"text": "The cats sat.", "pair": "猫 ran, Élan!"}),
    "llama-grouped": Case("llama", LLAMA | {"head_dim": 10, "num_attention_heads": 3, "num_key_value_heads": 1}),
    "llama-tied": Case("llama", LLAMA | {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
                       config=older),
    "llama-linear": Case("llama", LLAMA | {"rope_parameters": {"rope_type": "linear", "rope_theta": 900.0,
                                                               "factor": 2.5}}, config=oldest),
    "llama-llama3": Case("llama", LLAMA | {"rope_parameters": LLAMA3}),
    "llama-llama3-older": Case("llama", LLAMA | {"rope_parameters": LLAMA3, "rms_norm_eps": 1e-3}, config=older),
    "llama-bfloat16": Case("llama", LLAMA, dtype=torch.bfloat16, config=older),
    "llama-float16": Case("llama", LLAMA, dtype=torch.float16),
    "llama-sharded": Case("llama", LLAMA, dtype=torch.bfloat16, shard_size="6KB"),
    "llama-bare": Case("llama", LLAMA | {"hidden_act": "gelu"}, bare=True),
}  # fmt: skip


def make(name: str) -> None:
    case, folder = CASES[name], HERE / name
    seed = zlib.crc32(name.encode())  # so that a case does not depend on which others there are
    shutil.rmtree(folder, ignore_errors=True)
    model = random_model(case.family, case.fields, seed, case.bare).to(case.dtype)
    model.save_pretrained(folder, max_shard_size=case.shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if (folder / "model.safetensors").exists():
        tensors = case.tensors(load_file(folder / "model.safetensors"))
        save_tensors(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(case.config(config), indent=1) + "\n")
    # The reference reads the same files that we shall read
    model = type(model).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    given = {"text": None, "pair": None} | case.input
    if case.tokenizer is not None:
        case.tokenizer(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        encoded = tokenizer(given["text"], given["pair"])
        given["ids"] = encoded["input_ids"]
        given["types"] = encoded.get("token_type_ids", [0] * len(given["ids"]))
        ids = {text: tokenizer(text)["input_ids"] for text in TEXTS}
        (folder / "ids.json").write_text(json.dumps(ids, ensure_ascii=False, indent=0) + "\n", "utf-8")
    given.setdefault("types", [0] * len(given["ids"]))
    (folder / "input.json").write_text(json.dumps(given, ensure_ascii=False) + "\n", "utf-8")
    expected = expected_stages(case.family, model, given["ids"], given["types"])
    save_file(expected, folder / "expected.safetensors")
    print(f"{name}: {len(expected)} stages of {len(given['ids'])} tokens")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or CASES:
        make(chosen)
