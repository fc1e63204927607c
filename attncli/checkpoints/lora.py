"""LoRA adapters (Hu et al. 2021) as PEFT saves them, merged into the tensors of a checkpoint when these are read:
W + scale · B A, where scale is lora_alpha / r, or lora_alpha / √r (Kalajdzievski 2023, rsLoRA)."""

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
from attncli.checkpoints.computed import ComputedTensor, OverlaidCheckpoint, RowIndex
from attncli.checkpoints.safetensors import SafetensorsCheckpoint
from attncli.errors import AttnError, nearest, reason_of
from attncli.files import json_object
from attncli.language import N_, listed

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

_READ = ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern",
         "fan_in_fan_out", "init_lora_weights")  # fmt: skip
_INERT = ("alora_invocation_tokens", "arrow_config", "auto_mapping", "base_model_name_or_path", "bias",
          "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules", "inference_mode",
          "layers_pattern", "layers_to_transform", "loftq_config", "lora_dropout", "lora_ga_config",
          "megatron_config", "megatron_core", "modules_to_save", "peft_version", "qalora_group_size", "revision",
          "runtime_config", "target_modules", "task_type")  # fmt: skip
"""Fields about what is trained and how: their outcome is in the tensors."""
_REFUSED_WITH_VALUE = ("alora_invocation_tokens", "arrow_config", "megatron_config")
_PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Values of init_lora_weights that leave the weights of the base model unchanged."""
_ROLES = {
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
    """The folder of an adapter: the fields of adapter_config.json, and its tensors."""

    folder: Path
    config: Mapping[str, Any]
    tensors: Checkpoint


@dataclass(frozen=True)
class _Change:
    """The change of a base tensor in the layout of a torch Linear, [out, in]: W + scale · B A. With a `magnitude`
    (DoRA), each row is then scaled to that length."""

    a: NDArray[np.float32]
    b: NDArray[np.float32]
    scale: float
    magnitude: NDArray[np.float32] | None


def open_adapter(folder: Path) -> Adapter:
    """The adapter in a folder with adapter_config.json and adapter_model.safetensors.

    Raises AttnError where a file is missing or broken, or the adapter cannot be merged exactly.
    """
    try:
        config = json_object((folder / CONFIG).read_bytes(), folder / CONFIG)
    except OSError as error:
        raise AttnError(
            N_("cannot read {folder}: {reason}", folder=folder / CONFIG, reason=reason_of(error)),
            N_(
                "An adapter is a folder with {config} and {weights}, as PEFT saves it.",
                config=CONFIG,
                weights=WEIGHTS,
            ),
        ) from error
    _check(config, folder / CONFIG)
    if not (folder / WEIGHTS).exists() and (folder / "adapter_model.bin").exists():
        raise AttnError(
            N_(
                "{folder} holds adapter_model.bin, a pickle: loading it could run any code, so attn refuses.",
                folder=folder,
            ),
            N_("Save it as safetensors: model.save_pretrained(folder, safe_serialization=True)."),
        )
    return Adapter(folder, config, SafetensorsCheckpoint([folder / WEIGHTS], folder))


def merged(base: Checkpoint, adapter: Adapter) -> Checkpoint:
    """The base checkpoint with the adapter merged in. Raises AttnError for a tensor of the adapter that does not
    fit."""
    where = adapter.tensors.source
    changed: dict[str, dict[str, str]] = {}
    replaced: dict[str, str] = {}
    for name in adapter.tensors.names():
        path = name.removeprefix("base_model.model.")
        ending = next((e for e in _ROLES if path.endswith(e)), None)
        if ending is not None:
            changed.setdefault(path.removesuffix(ending), {})[_ROLES[ending]] = name
        elif "lora_" in path:
            raise AttnError(N_("{where}: attn cannot merge the tensor {name}.", where=where, name=name))
        else:
            replaced[path.replace(".base_layer.", ".").replace(".modules_to_save.", ".")] = name
    if not changed and not replaced:
        raise AttnError(
            N_("{where} has no tensors.", where=where), N_("The adapter was saved without them: save it again.")
        )
    base_names = dict.fromkeys(base.names())
    trained: dict[str, ComputedTensor] = {}
    for path, name in replaced.items():
        target = _target(base_names, path, name, where, new=path.endswith(_HEADS))
        trained[target] = _replacement(base, target, adapter.tensors, name)
    base = OverlaidCheckpoint(base, trained)
    base_names |= dict.fromkeys(trained)
    in_out = _is_in_out(base)
    computed: dict[str, ComputedTensor] = {}
    for module, names in changed.items():
        target = _target(base_names, f"{module}.weight", next(iter(names.values())), where)
        computed[target] = _merged_tensor(base, adapter, module, names, target, in_out)
    _check_tied(base, [*trained, *computed], where)
    return OverlaidCheckpoint(base, computed)


def _check(config: Mapping[str, Any], file: Path) -> None:
    """Raises AttnError, naming the field, for a setting that does more than add scale · B A to W."""
    if "peft_type" not in config and "fine_tune_type" in config:
        raise AttnError(
            N_("{folder} is an adapter in MLX's format; attn reads those of PEFT.", folder=file.parent),
            N_("Merge it with mlx_lm.fuse, and give the merged model: -m FOLDER"),
        )
    if config.get("peft_type") != "LORA":
        raise AttnError(
            N_(
                "{file}: peft_type {config!r} is not supported (only 'LORA').",
                file=file,
                config=config.get("peft_type"),
            )
        )
    if config.get("init_lora_weights") not in _PLAIN_STARTS:
        raise AttnError(
            N_(
                "{file}: init_lora_weights = {init_lora_weights!r} also changes the base model.",
                file=file,
                init_lora_weights=config["init_lora_weights"],
            ),
            N_("Convert the adapter to plain LoRA when saving it, or merge it with PEFT."),
        )
    _check_patterns(config, file)
    for field, value in config.items():
        if field in _REFUSED_WITH_VALUE and value:
            raise AttnError(
                N_("{file}: {field} = {value!r} is not supported.", file=file, field=field, value=value)
            )
        if field not in (*_READ, *_INERT) and value not in (None, False, [], {}):
            raise AttnError(
                N_(
                    "{file}: attn does not know the field {field!r} = {value!r}, which may change the numbers.",
                    file=file,
                    field=field,
                    value=value,
                )
            )


def _target(names: Mapping[str, None], path: str, name: str, where: str, new: bool = False) -> str:
    """The base tensor for the path of a module; either may lack the leading `model.` or `transformer.`.

    `new`: the tensor may be new. Raises AttnError where no tensor fits, or several do.
    """
    if path in names:
        return path
    fitting = [n for n in names if path.endswith(f".{n}") or n.endswith(f".{path}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise AttnError(
            N_(
                "{where}: tensor {name} fits several tensors of the model: {names}.",
                where=where,
                name=name,
                names=listed(*fitting[:3]),
            )
        )
    if new:
        return path
    raise AttnError(
        N_("{where}: tensor {name} fits no tensor of the model.", where=where, name=name), nearest(path, names)
    )


def _is_in_out(base: Checkpoint) -> bool | None:
    """Whether the base stores its matrices [in, out], judged by the lengths of biases; None if they do not decide
    it."""
    names = set(base.names())
    fits = set()
    for name in names:
        bias = f"{name.removesuffix('.weight')}.bias"
        if name.endswith(".weight") and bias in names:
            shape = base.shape(name)
            if len(shape) == 2 and shape[0] != shape[1]:
                fits.add(base.shape(bias) == shape[1:])
    return fits.pop() if len(fits) == 1 else None


def _replacement(base: Checkpoint, target: str, tensors: Checkpoint, name: str) -> ComputedTensor:
    """A tensor that was trained as a whole (modules_to_save, biases) and replaces that of the base."""
    shape = tensors.shape(name)
    if target in base.names() and base.shape(target) != shape:
        raise AttnError(
            N_(
                "{source}: tensor {name} has shape {shape}, but the model's {target} has {expected}.",
                source=tensors.source,
                name=name,
                shape=list(shape),
                target=target,
                expected=list(base.shape(target)),
            )
        )
    return ComputedTensor(
        shape, lambda index: tensors.array(name, lambda stored: stored[index]), check=lambda: tensors.check(name)
    )


def _merged_tensor(
    base: Checkpoint, adapter: Adapter, module: str, names: Mapping[str, str], target: str, in_out: bool | None
) -> ComputedTensor:
    """The base tensor `target` with the change of a module; `names`: a, b and magnitude -> the adapter's
    tensors."""
    where, shape = adapter.tensors.source, base.shape(target)
    embedding = any(".lora_embedding_" in name for name in names.values())
    if missing := {"a", "b"} - set(names):
        raise AttnError(
            N_("{where}: {module} has no lora_{value}.", where=where, module=module, value=missing.pop().upper())
        )
    shape_a, shape_b = adapter.tensors.shape(names["a"]), adapter.tensors.shape(names["b"])
    rank = shape_a[0] if shape_a else 0
    if shape_a[:1] == (0,):
        raise AttnError(
            N_(
                "{where}: lora_A of {module} has shape {shape_a}: it has no rows.",
                where=where,
                module=module,
                shape_a=list(shape_a),
            )
        )
    # Conv1D (GPT-2) and embeddings are stored [in, out], the head beside them [out, in]. The shape decides; a
    # square matrix is stored like the others. PEFT sets fan_in_fan_out to what the last module needed
    usual = embedding or (bool(adapter.config.get("fan_in_fan_out")) if in_out is None else in_out)
    change_shape = (*shape_b[:-1], *shape_a[1:])
    layouts = [flip for flip in (usual, not usual) if shape == change_shape[:: -1 if flip else 1]]
    fits = len(shape) == 2 and len(shape_a) == 2 and shape_b[1:] == (rank,) and bool(layouts)
    if not fits or (embedding and not layouts[0]):
        raise AttnError(
            N_(
                "{where}: {module} has lora_A {shape_a} and lora_B {shape_b}, which do not fit the "
                "model's {target} {shape}.",
                where=where,
                module=module,
                shape_a=list(shape_a),
                shape_b=list(shape_b),
                target=target,
                shape=list(shape),
            )
        )
    if ("magnitude" in names) != bool(adapter.config.get("use_dora")) or ("magnitude" in names and embedding):
        raise AttnError(
            N_(
                "{where}: {module}: DoRA needs use_dora and a magnitude, and is supported for Linear only.",
                where=where,
                module=module,
            )
        )
    scale = _scale(adapter, module, rank)

    @cache
    def change() -> _Change:
        def read(role: str) -> NDArray[np.float32]:
            return adapter.tensors.array(names[role]).astype(np.float32)

        return _Change(
            read("a"), read("b"), scale, read("magnitude").reshape(-1) if "magnitude" in names else None
        )

    def check() -> None:
        base.check(target)
        for adapted in names.values():
            adapter.tensors.check(adapted)

    def rows(index: RowIndex) -> NDArray[Any]:
        return _changed(_stored(base, target, lambda stored: stored[index]), change(), index)

    def columns(index: RowIndex) -> NDArray[Any]:
        return _changed(_stored(base, target, lambda stored: stored.T[index]), change(), index)

    if embedding:
        return ComputedTensor(shape, lambda index: _embedded(base, target, change(), index), check=check)
    if layouts[0]:
        return ComputedTensor(shape[::-1], columns, np.transpose, check)
    return ComputedTensor(shape, rows, check=check)


def _stored(base: Checkpoint, name: str, take: Take = whole) -> NDArray[Any]:
    """The base tensor in float32 or wider, for the addition."""
    stored = base.array(name, take)
    return stored.astype(np.promote_types(stored.dtype, np.float32), copy=False)


def _changed(stored: NDArray[Any], change: _Change, index: RowIndex) -> NDArray[Any]:
    """Some rows of W + scale · B A, scaled to DoRA's magnitude if there is one (Liu et al. 2024, equation 5)."""
    summed = stored + change.scale * (change.b[index] @ change.a)
    if change.magnitude is None:
        return summed
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return summed * (change.magnitude[index][:, None] / length)


def _embedded(base: Checkpoint, name: str, change: _Change, index: RowIndex) -> NDArray[Any]:
    """The rows of some tokens; the A of an embedding is [rank, token], its B [d_model, rank]."""
    stored = _stored(base, name, lambda stored: stored[index])
    return stored + change.scale * (change.a.T[index] @ change.b.T)


def _scale(adapter: Adapter, module: str, rank: int) -> float:
    """lora_alpha / r, or lora_alpha / √r (rsLoRA). Raises AttnError where r differs from the rank of the
    tensors."""
    config, file = adapter.config, adapter.folder / CONFIG
    declared = _of_module(config.get("rank_pattern"), module, config.get("r"))
    alpha = _of_module(config.get("alpha_pattern"), module, config.get("lora_alpha"))
    if not isinstance(alpha, int | float) or isinstance(alpha, bool):
        raise AttnError(N_("{file}: lora_alpha is {alpha!r}; it must be a number.", file=file, alpha=alpha))
    if declared != rank:
        raise AttnError(
            N_(
                "{file}: r is {declared!r} for {module}, but its lora_A has {rank} rows.",
                file=file,
                declared=declared,
                module=module,
                rank=rank,
            )
        )
    return float(alpha / (rank**0.5 if config.get("use_rslora") else rank))


def _of_module(pattern: Any, module: str, default: Any) -> Any:
    """The value for a module: of the first pattern, a regular expression, that its path ends with, as in PEFT."""
    for expression, value in (pattern or {}).items():
        if re.fullmatch(rf"(.*\.)?({expression})", module):
            return value
    return default


def _check_patterns(config: Mapping[str, Any], file: Path) -> None:
    """Raises AttnError for a pattern that is not a regular expression."""
    for field in ("rank_pattern", "alpha_pattern"):
        pattern = config.get(field) or {}
        try:
            for expression, _ in pattern.items():
                re.compile(expression)
        except (AttributeError, re.error) as error:
            raise AttnError(
                N_(
                    "{file}: {field} = {pattern!r} has an unusable pattern: {error}",
                    file=file,
                    field=field,
                    pattern=pattern,
                    error=error,
                )
            ) from error


def _check_tied(base: Checkpoint, computed: Iterable[str], where: str) -> None:
    """Raises AttnError for a change of an embedding that may also be the head: PEFT changes one without the other
    while it runs, but both when it merges."""
    changed = [name for name in computed if name.endswith(_EMBEDDINGS)]
    if changed and not any(name.endswith(_HEADS) for name in (*base.names(), *computed)):
        raise AttnError(
            N_(
                "{where} changes {changed}, which may also be the head: the model has no separate head.",
                where=where,
                changed=changed[0],
            ),
            N_("Merge the adapter with PEFT and give attn the merged model."),
        )
