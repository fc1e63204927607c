"""LoRA adapters (Hu et al. 2021) as PEFT saves them, merged into a checkpoint's tensors as they are read:
W + scale · B A, with scale = lora_alpha / r, or lora_alpha / √r (Kalajdzievski 2023, rsLoRA)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint, Take, whole
from attncli.checkpoints.computed import Index, Made, Overlaid
from attncli.checkpoints.safetensors import SafetensorsCheckpoint
from attncli.errors import AttnError, nearest
from attncli.files import json_object

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

_READ = ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern",
         "fan_in_fan_out", "init_lora_weights")  # fmt: skip
_INERT = ("alora_invocation_tokens", "arrow_config", "auto_mapping", "base_model_name_or_path", "bias",
          "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules", "inference_mode",
          "layers_pattern", "layers_to_transform", "loftq_config", "lora_dropout", "lora_ga_config",
          "megatron_config", "megatron_core", "modules_to_save", "peft_version", "qalora_group_size", "revision",
          "runtime_config", "target_modules", "task_type")  # fmt: skip
"""Fields that say where and how to train: what came of it is in the tensors."""
_REFUSED_WITH_VALUE = ("alora_invocation_tokens", "arrow_config", "megatron_config")
_PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Values of init_lora_weights that leave the base model's own weights as they were."""
_PARTS = {
    ".lora_A.weight": "a",
    ".lora_B.weight": "b",
    ".lora_embedding_A": "a",
    ".lora_embedding_B": "b",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
}
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight")
_HEADS = ("lm_head.weight", "cls.predictions.decoder.weight")


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder: what adapter_config.json says, and its tensors."""

    folder: Path
    config: Mapping[str, Any]
    tensors: Checkpoint


@dataclass(frozen=True)
class _Change:
    """What becomes of a base tensor, in the layout of a torch Linear, [out, in]: W + scale · B A; with a
    magnitude (DoRA), each row then has that length."""

    a: NDArray[np.float32]
    b: NDArray[np.float32]
    scale: float
    magnitude: NDArray[np.float32] | None


def open_adapter(folder: Path) -> Adapter:
    """A folder with adapter_config.json and adapter_model.safetensors.

    Raises AttnError where one is missing or broken, or the adapter is not one that can be merged exactly.
    """
    try:
        config = json_object((folder / CONFIG).read_bytes(), folder / CONFIG)
    except OSError as error:
        raise AttnError(
            f"cannot read {folder / CONFIG}: {error.strerror or error}",
            f"An adapter is a folder with {CONFIG} and {WEIGHTS}, as PEFT saves it.",
        ) from error
    _check(config, folder / CONFIG)
    if not (folder / WEIGHTS).exists() and (folder / "adapter_model.bin").exists():
        raise AttnError(
            f"{folder} holds adapter_model.bin, a pickle: loading one can run any code, so attn never does.",
            "Save it as safetensors: model.save_pretrained(folder, safe_serialization=True).",
        )
    return Adapter(folder, config, SafetensorsCheckpoint([folder / WEIGHTS], folder))


def merged(base: Checkpoint, adapter: Adapter) -> Checkpoint:
    """The base with the adapter in it. Raises AttnError for a tensor of the adapter that does not fit the base."""
    where = adapter.tensors.source
    parts: dict[str, dict[str, str]] = {}
    replaced: dict[str, str] = {}
    for name in adapter.tensors.names():
        path = name.removeprefix("base_model.model.")
        ending = next((e for e in _PARTS if path.endswith(e)), None)
        if ending is not None:
            parts.setdefault(path.removesuffix(ending), {})[_PARTS[ending]] = name
        elif "lora_" in path:
            raise AttnError(f"{where}: tensor {name} is of a kind that attn does not merge.")
        else:
            replaced[path.replace(".base_layer.", ".").replace(".modules_to_save.", ".")] = name
    if not parts and not replaced:
        raise AttnError(f"{where} has no tensors.", "The adapter was not saved whole: save it again.")
    names_of_base = dict.fromkeys(base.names())
    trained: dict[str, Made] = {}
    for path, name in replaced.items():
        target = _target(names_of_base, path, name, where, new=path.endswith(_HEADS))
        trained[target] = _replacement(base, target, adapter.tensors, name)
    base = Overlaid(base, trained)
    names_of_base |= dict.fromkeys(trained)
    in_out = _is_in_out(base)
    made: dict[str, Made] = {}
    for module, names in parts.items():
        target = _target(names_of_base, f"{module}.weight", next(iter(names.values())), where)
        made[target] = _merged_tensor(base, adapter, module, names, target, in_out)
    _check_tied(base, [*trained, *made], where)
    return Overlaid(base, made)


def _check(config: Mapping[str, Any], file: Path) -> None:
    """Refuses by name what would change the numbers otherwise than by W + scale · B A."""
    if config.get("peft_type") != "LORA":
        raise AttnError(f"{file}: peft_type {config.get('peft_type')!r} is not supported; LORA is.")
    if config.get("init_lora_weights") not in _PLAIN_STARTS:
        raise AttnError(
            f"{file}: init_lora_weights = {config['init_lora_weights']!r} changes the base model's weights too.",
            "Convert the adapter to plain LoRA when you save it, or merge it with PEFT.",
        )
    _check_patterns(config, file)
    for field, value in config.items():
        if field in _REFUSED_WITH_VALUE and value:
            raise AttnError(f"{file}: {field} = {value!r} is not supported.")
        if field not in (*_READ, *_INERT) and value not in (None, False, [], {}):
            raise AttnError(
                f"{file}: attn does not know the field {field!r} = {value!r}, and it may change the numbers."
            )


def _target(names: Mapping[str, None], path: str, name: str, where: str, new: bool = False) -> str:
    """The base tensor of a module path; one of the two may lack the leading `model.` or `transformer.`.

    `new`: the base may lack it. Raises AttnError where there is none, or several.
    """
    if path in names:
        return path
    fitting = [n for n in names if path.endswith(f".{n}") or n.endswith(f".{path}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise AttnError(f"{where}: tensor {name} fits several of the model: {', '.join(fitting[:3])}.")
    if new:
        return path
    raise AttnError(f"{where}: tensor {name} fits none of the model's.", nearest(path, names))


def _is_in_out(base: Checkpoint) -> bool | None:
    """Whether the base's matrices are stored [in, out], as their biases' lengths tell; None if they do not."""
    names = set(base.names())
    ways = set()
    for name in names:
        bias = f"{name.removesuffix('.weight')}.bias"
        if name.endswith(".weight") and bias in names:
            shape = base.shape(name)
            if len(shape) == 2 and shape[0] != shape[1]:
                ways.add(base.shape(bias) == shape[1:])
    return ways.pop() if len(ways) == 1 else None


def _replacement(base: Checkpoint, target: str, tensors: Checkpoint, name: str) -> Made:
    """A tensor that was trained whole (modules_to_save, biases) takes the place of the base's."""
    shape = tensors.shape(name)
    if target in base.names() and base.shape(target) != shape:
        raise AttnError(
            f"{tensors.source}: tensor {name} has shape {list(shape)}, but the model's {target} has "
            f"{list(base.shape(target))}."
        )
    return Made(shape, lambda index: tensors.array(name, lambda stored: stored[index]))


def _merged_tensor(
    base: Checkpoint, adapter: Adapter, module: str, names: Mapping[str, str], target: str, in_out: bool | None
) -> Made:
    where, shape = adapter.tensors.source, base.shape(target)
    embedding = any(".lora_embedding_" in name for name in names.values())
    if missing := {"a", "b"} - set(names):
        raise AttnError(f"{where}: {module} lacks its lora_{missing.pop().upper()}.")
    shape_a, shape_b = adapter.tensors.shape(names["a"]), adapter.tensors.shape(names["b"])
    rank = shape_a[0] if shape_a else 0
    if shape_a[:1] == (0,):
        raise AttnError(f"{where}: {module} has lora_A {list(shape_a)}, which has no rows.")
    # Conv1D (GPT-2) and embeddings are stored [in, out], a head beside them is a Linear: the shape says which,
    # but for a square matrix, which is as the others are; PEFT sets the flag to what the last module needed
    usual = embedding or (bool(adapter.config.get("fan_in_fan_out")) if in_out is None else in_out)
    change_shape = (*shape_b[:-1], *shape_a[1:])
    ways = [turned for turned in (usual, not usual) if shape == change_shape[:: -1 if turned else 1]]
    if len(shape) != 2 or len(shape_a) != 2 or shape_b[1:] != (rank,) or not ways or (embedding and not ways[0]):
        raise AttnError(
            f"{where}: {module} has lora_A {list(shape_a)} and lora_B {list(shape_b)}, which do not fit the "
            f"model's {target} {list(shape)}."
        )
    if ("magnitude" in names) != bool(adapter.config.get("use_dora")) or ("magnitude" in names and embedding):
        raise AttnError(f"{where}: {module}: DoRA is not supported like this (use_dora, a magnitude for Linear).")
    scale = _scale(adapter, module, rank)

    @cache
    def change() -> _Change:
        def read(part: str) -> NDArray[np.float32]:
            return adapter.tensors.array(names[part]).astype(np.float32)

        return _Change(
            read("a"), read("b"), scale, read("magnitude").reshape(-1) if "magnitude" in names else None
        )

    def rows(index: Index) -> NDArray[Any]:
        return _changed(_stored(base, target, lambda stored: stored[index]), change(), index)

    def columns(index: Index) -> NDArray[Any]:
        return _changed(_stored(base, target, lambda stored: stored.T[index]), change(), index)

    if embedding:
        return Made(shape, lambda index: _embedded(base, target, change(), index))
    return Made(shape[::-1], columns, np.transpose) if ways[0] else Made(shape, rows)


def _stored(base: Checkpoint, name: str, take: Take = whole) -> NDArray[Any]:
    """At least float32, in which to add."""
    stored = base.array(name, take)
    return stored.astype(np.promote_types(stored.dtype, np.float32), copy=False)


def _changed(stored: NDArray[Any], change: _Change, index: Index) -> NDArray[Any]:
    """Some rows of W + scale · B A, of the length that DoRA gives them (Liu et al. 2024, equation 5)."""
    summed = stored + change.scale * (change.b[index] @ change.a)
    if change.magnitude is None:
        return summed
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return summed * (change.magnitude[index][:, None] / length)


def _embedded(base: Checkpoint, name: str, change: _Change, index: Index) -> NDArray[Any]:
    """Some words' rows: an embedding's A is [rank, word], its B [d_model, rank]."""
    stored = _stored(base, name, lambda stored: stored[index])
    return stored + change.scale * (change.a.T[index] @ change.b.T)


def _scale(adapter: Adapter, module: str, rank: int) -> float:
    """lora_alpha / r, or / √r; both may differ by module. Raises AttnError where r is not that of the tensors."""
    config, file = adapter.config, adapter.folder / CONFIG
    declared = _of_module(config.get("rank_pattern"), module, config.get("r"))
    alpha = _of_module(config.get("alpha_pattern"), module, config.get("lora_alpha"))
    if not isinstance(alpha, int | float) or isinstance(alpha, bool):
        raise AttnError(f"{file}: lora_alpha is {alpha!r}; a number is needed.")
    if declared != rank:
        raise AttnError(f"{file}: r is {declared!r} for {module}, but its lora_A has {rank} rows.")
    return float(alpha / (rank**0.5 if config.get("use_rslora") else rank))


def _of_module(pattern: Any, module: str, default: Any) -> Any:
    """The value of the first pattern (a regular expression) that the module's path ends with, as PEFT finds it."""
    for expression, value in (pattern or {}).items():
        if re.fullmatch(rf"(.*\.)?({expression})", module):
            return value
    return default


def _check_patterns(config: Mapping[str, Any], file: Path) -> None:
    for field in ("rank_pattern", "alpha_pattern"):
        pattern = config.get(field) or {}
        try:
            for expression, _ in pattern.items():
                re.compile(expression)
        except (AttributeError, re.error) as error:
            raise AttnError(f"{file}: {field} = {pattern!r} has no patterns that can be used: {error}") from error


def _check_tied(base: Checkpoint, made: Iterable[str], where: str) -> None:
    """A changed embedding that may also be the head: PEFT changes the one without the other, merging both."""
    changed = [name for name in made if name.endswith(_EMBEDDINGS)]
    if changed and not any(name.endswith(_HEADS) for name in (*base.names(), *made)):
        raise AttnError(
            f"{where} changes {changed[0]}, and the model has no head of its own: the two may be one.",
            "Merge the adapter with PEFT, which has to decide that, and give the merged model.",
        )
