"""A folder of files that are not what they seem: adapters for models, pointers for weights, UTF-16 for text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.support.checkpoints import GOLDEN, tensors, write_gpt2

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1234\n"


def write_all(folder: Path) -> None:
    """Every file that tests/cli/mistakes.txt names."""
    write_models(folder)
    write_adapters(folder)
    write_single_files(folder)


def write_models(folder: Path) -> None:
    write_gpt2(folder / "gpt2-small")
    for case in ("t5-text", "bert-pair"):
        shutil.copytree(GOLDEN / case, folder / case)
    write_gpt2(folder / "unknown-family", model_type="gpt3")
    write_gpt2(folder / "unknown-field", secret_sauce=3)
    write_gpt2(folder / "mlx", quantization={"group_size": 64, "bits": 4})
    write_gpt2(folder / "awq", quantization_config={"quant_method": "awq", "bits": 4})
    write_gpt2(folder / "other-shape", {"wpe.weight": np.zeros((16, 11), np.float32)})
    write_gpt2(folder / "missing-tensor", {"h.0.attn.c_attn.weight": None})
    save_file({}, write_gpt2(folder / "without-tensors") / "model.safetensors")
    for name, content in (("pointers", POINTER.encode()), ("zero-bytes", b"")):
        (write_gpt2(folder / name) / "model.safetensors").write_bytes(content)
    cut = write_gpt2(folder / "cut-short") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])
    pickled = write_gpt2(folder / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    (write_gpt2(folder / "without-weights") / "model.safetensors").unlink()
    (write_gpt2(folder / "without-tokenizer") / "tokenizer.json").unlink()
    write_settings(folder)
    (folder / "nothing").mkdir()
    (folder / "ggufs").mkdir()
    (folder / "ggufs" / "model.Q4_K_M.gguf").write_bytes(b"GGUF")
    write_gpt2(folder / "outer" / "inner")
    write_gpt2(folder / "models--org--small" / "snapshots" / "0a1b2c")
    (folder / "models--org--gone" / "snapshots").mkdir(parents=True)


def write_settings(folder: Path) -> None:
    """Models whose config.json or tokenizer.json cannot be read."""
    config = write_gpt2(folder / "config-utf16") / "config.json"
    config.write_bytes(config.read_text().encode("utf-16"))
    (write_gpt2(folder / "config-no-json") / "config.json").write_text("{model_type: gpt2}")
    (write_gpt2(folder / "config-empty") / "config.json").write_text("")
    (write_gpt2(folder / "config-pointer") / "config.json").write_text(POINTER)
    (write_gpt2(folder / "tokenizer-pointer") / "tokenizer.json").write_text(POINTER)
    (write_gpt2(folder / "tokenizer-broken") / "tokenizer.json").write_text("{}")
    for name, model in {
        "knows-only-z": {"type": "BPE", "vocab": {"z": 0}, "merges": []},
        "without-unknown": {"type": "WordLevel", "vocab": {"the": 0}, "unk_token": "[UNK]"},
    }.items():
        (folder / name).mkdir()
        _write_json(folder / name / "tokenizer.json", {"version": "1.0", "added_tokens": [], "model": model})


def write_adapters(folder: Path) -> None:
    for name, config in {
        "my-lora": {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "base_model_name_or_path": "openai/gpt2"},
        "adapter-mlx": {"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": {"rank": 8, "scale": 20.0}},
        "adapter-ia3": {"peft_type": "IA3"},
    }.items():
        (folder / name).mkdir()
        _write_json(folder / name / "adapter_config.json", config)
        save_file({}, folder / name / "adapter_model.safetensors")


def write_single_files(folder: Path) -> None:
    eye = np.eye(3)
    np.savez(folder / "exercise.npz", w_q=eye, w_k=eye, w_v=eye, embedding=eye)
    np.savez(folder / "other-names.npz", Wq=eye, Wk=eye, Wv=eye)
    np.savez(folder / "misfit.npz", w_q=eye, w_k=np.eye(4), w_v=eye)
    np.save(folder / "single.npy", eye)
    save_file(tensors(), folder / "whole.safetensors")
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 and nothing more")
    (folder / "page.gguf").write_text("<!doctype html><title>Not found</title>")
    (folder / "pointer.gguf").write_text(POINTER)
    (folder / "weights.bin").write_bytes(b"\x80\x04")
    (folder / "notes.txt").write_text("The cat sat on the mat\n")
    (folder / "empty.txt").write_text("")
    (folder / "blank.txt").write_text(" \n\n")
    (folder / "utf16.txt").write_bytes("The cat sat".encode("utf-16"))
    (folder / "latin1.txt").write_bytes("Le café".encode("latin-1"))
    (folder / "shift-jis.txt").write_bytes("猫がマットに座った。".encode("cp932"))
    (folder / "euc.txt").write_bytes("猫がマットに座った。".encode("euc-jp"))


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), "utf-8")
