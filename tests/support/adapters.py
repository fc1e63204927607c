"""LoRA adapters, as PEFT saves them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.tensor_files import save

Tensors = dict[str, NDArray[Any]]
RANDOM = np.random.default_rng(0)

# What PEFT 0.21 writes for an ordinary adapter, including defaults
CONFIG: dict[str, Any] = {
    "alora_invocation_tokens": None, "alpha_pattern": {}, "arrow_config": None, "auto_mapping": None,
    "base_model_name_or_path": "some/base", "bias": "none", "corda_config": None, "ensure_weight_tying": False,
    "eva_config": None, "exclude_modules": None, "fan_in_fan_out": False, "inference_mode": True,
    "init_lora_weights": True, "layer_replication": None, "layers_pattern": None, "layers_to_transform": None,
    "loftq_config": {}, "lora_alpha": 6, "lora_bias": False, "lora_dropout": 0.05, "megatron_config": None,
    "megatron_core": "megatron.core", "modules_to_save": None, "peft_type": "LORA", "peft_version": "0.21.2",
    "qalora_group_size": 16, "r": 3, "rank_pattern": {}, "revision": None, "target_modules": ["q_proj"],
    "target_parameters": None, "task_type": "CAUSAL_LM", "trainable_token_indices": None, "use_dora": False,
    "use_qalora": False, "use_rslora": False,
}  # fmt: skip


def adapter(folder: Path, tensors: Mapping[str, Any], **config: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "adapter_model.safetensors", {f"base_model.model.{name}": t for name, t in tensors.items()})
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG | config))
    return folder


def numbers(*shape: int) -> NDArray[Any]:
    return np.asarray(RANDOM.normal(size=shape), np.float32) / 4


def pair(module: str, size_out: int, size_in: int, rank: int = 3) -> Tensors:
    return {f"{module}.lora_A.weight": numbers(rank, size_in), f"{module}.lora_B.weight": numbers(size_out, rank)}


def product(tensors: Tensors, module: str) -> NDArray[Any]:
    return tensors[f"{module}.lora_B.weight"] @ tensors[f"{module}.lora_A.weight"]
