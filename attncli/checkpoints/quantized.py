"""Quantized checkpoints (fp8 and mxfp4), dequantized to float32.

Only the weights are dequantized. Activations are not rounded, although an fp8 kernel would round them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint
from attncli.checkpoints.computed import ComputedTensor, OverlaidCheckpoint, RowIndex
from attncli.checkpoints.float8 import FLOAT8, table
from attncli.checkpoints.safetensors import SafetensorsCheckpoint
from attncli.errors import AttnError, together
from attncli.language import N_

_INERT = ("quant_method", "fmt", "activation_scheme", "scale_fmt", "dequantize", "modules_to_not_convert",
          "modules_to_convert", "ignored_layers", "weight_block_size")  # fmt: skip
"""Known fields of quantization_config; of these only weight_block_size changes how the tensors are read."""


_INSTEAD = N_("Use the original checkpoint, or a GGUF file of the model.")


def dequantized(checkpoint: SafetensorsCheckpoint, settings: Any, file: Path) -> Checkpoint:
    """The checkpoint with its quantized matrices as float32. `settings`: quantization_config of config.json, or
    None.

    Raises AttnError for a method other than fp8 and mxfp4, an unknown setting, or scales that do not fit.
    """
    if settings is None:
        return _without_scales(checkpoint)
    if not isinstance(settings, Mapping):
        raise AttnError(N_("{file}: quantization_config must be an object.", file=file))
    method = settings.get("quant_method")
    if "quant_method" not in settings and "bits" in settings:
        raise AttnError(
            N_("{file}: the weights are quantized by MLX to {bits} bits, which attn does not read.", file=file,
               bits=settings["bits"]),
            _INSTEAD,
        )  # fmt: skip
    if not isinstance(method, str) or method not in _METHODS:
        raise AttnError(
            N_(
                "{file}: weights quantized by {method!r} are not supported; attn reads {methods}.",
                file=file,
                method=method,
                methods=together(_METHODS),
            ),
            _INSTEAD,
        )
    for field, value in settings.items():
        if field not in _INERT and value is not None and (field, value) != ("expert_dtype", "fp8"):
            raise AttnError(
                N_(
                    "{file}: quantization_config has {field} = {value!r}, which attn does not support.",
                    file=file,
                    field=field,
                    value=value,
                )
            )
    return _METHODS[method](checkpoint, settings, file)


# ------------------------------------------------------------------ fp8, with a scale for each block or tensor


def _fp8(checkpoint: SafetensorsCheckpoint, settings: Mapping[str, Any], file: Path) -> Checkpoint:
    """`NAME` in fp8 times `NAME_scale_inv`, which has one number for each block, or one for the whole matrix
    (DeepSeek-AI 2024, DeepSeek-V3; it is called inverse because it undoes the scaling)."""
    block = settings.get("weight_block_size", [128, 128])
    if block is not None and not (
        isinstance(block, list) and len(block) == 2 and all(isinstance(n, int) and n > 0 for n in block)
    ):
        raise AttnError(
            N_(
                "{file}: weight_block_size is {block!r}; it must be two whole numbers above 0.",
                file=file,
                block=block,
            )
        )
    names = set(checkpoint.names())
    computed: dict[str, ComputedTensor] = {}
    for name in names:
        scale = f"{name}_scale_inv"
        if checkpoint.dtype(name) in FLOAT8 and not name.endswith("_scale_inv"):
            if scale not in names:
                raise AttnError(
                    N_(
                        "{where}: tensor {name} is fp8, but its scale {scale} is missing.",
                        where=checkpoint.where(name),
                        name=name,
                        scale=scale,
                    )
                )
            computed[name] = _scaled(checkpoint, name, scale, block)
    return OverlaidCheckpoint(checkpoint, computed, frozenset(n for n in names if n.endswith("_scale_inv")))


def _scaled(checkpoint: SafetensorsCheckpoint, name: str, scale: str, block: list[int] | None) -> ComputedTensor:
    shape, scale_shape = checkpoint.shape(name), checkpoint.shape(scale)
    where = f"{checkpoint.where(scale)}: {scale}"

    def check() -> None:
        checkpoint.check(name)
        checkpoint.check(scale)

    if checkpoint.dtype(scale) not in ("F32", "F16", "BF16", "F8_E8M0"):
        raise AttnError(
            N_(
                "{where} has dtype {scale}, which attn does not support for a scale.",
                where=where,
                scale=checkpoint.dtype(scale),
            )
        )
    if block is None:
        if int(np.prod(scale_shape, dtype=np.int64)) != 1:
            raise AttnError(
                N_(
                    "{where} has shape {scale_shape}; without weight_block_size it must be one number.",
                    where=where,
                    scale_shape=list(scale_shape),
                )
            )
        return ComputedTensor(
            shape,
            lambda index: _stored(checkpoint, name, index) * _scale(checkpoint, scale).reshape(()),
            check=check,
        )
    if len(shape) < 2 or scale_shape != (*shape[:-2], -(-shape[-2] // block[0]), -(-shape[-1] // block[1])):
        raise AttnError(
            N_(
                "{where} has shape {scale_shape}, which does not fit blocks of {block} in a tensor {shape}.",
                where=where,
                scale_shape=list(scale_shape),
                block=block,
                shape=list(shape),
            )
        )

    def rows(index: RowIndex) -> NDArray[Any]:
        return _stored(checkpoint, name, index) * _spread(_scale(checkpoint, scale), shape, block, index)

    return ComputedTensor(shape, rows, check=check)


def _stored(checkpoint: Checkpoint, name: str, index: RowIndex) -> NDArray[Any]:
    return checkpoint.array(name, lambda stored: stored[index])


def _scale(checkpoint: Checkpoint, name: str) -> NDArray[Any]:
    return checkpoint.array(name).astype(np.float32, copy=False)


def _spread(scale: NDArray[Any], shape: tuple[int, ...], block: list[int], index: RowIndex) -> NDArray[Any]:
    """The scale of each number, for some rows of a tensor [..., out, in]. The last blocks may be incomplete."""
    if len(shape) == 2:
        by_row = scale[np.arange(shape[0])[index] // block[0]]
    else:
        by_row = np.repeat(scale[index], block[0], axis=-2)[..., : shape[-2], :]
    return np.repeat(by_row, block[1], axis=-1)[..., : shape[-1]]


def _without_scales(checkpoint: SafetensorsCheckpoint) -> Checkpoint:
    """The checkpoint unchanged, for a config without quantization_config. Raises AttnError for fp8 tensors that
    have a scale, since nothing says how to apply it."""
    names = set(checkpoint.names())
    for name in names:
        module = name.removesuffix(".weight")
        scales = (f"{name}_scale_inv", f"{name}_scale", f"{module}.scale_weight", f"{module}.weight_scale")
        if checkpoint.dtype(name) in FLOAT8 and (beside := next((s for s in scales if s in names), None)):
            raise AttnError(
                N_(
                    "{where}: tensor {name} is fp8 and has a scale {beside}, but config.json has no "
                    "quantization_config that says how to apply it.",
                    where=checkpoint.where(name),
                    name=name,
                    beside=beside,
                )
            )
    return checkpoint


# ------------------------------------------------------------------ mxfp4: 32 numbers share one power of two


def _mxfp4(checkpoint: SafetensorsCheckpoint, settings: Mapping[str, Any], file: Path) -> Checkpoint:
    """`NAME_blocks` [expert, out, group, byte] and `NAME_scales` [expert, out, group], read as `NAME` [expert, in,
    out], the layout of the model without quantization."""
    names = set(checkpoint.names())
    blocks = {n.removesuffix("_blocks"): n for n in names if n.endswith("_blocks")}
    for name, packed in blocks.items():
        scales = f"{name}_scales"
        if scales not in names or checkpoint.shape(scales) != checkpoint.shape(packed)[:-1]:
            raise AttnError(
                N_(
                    "{where}: {packed} needs {scales}, with one number for each block.",
                    where=checkpoint.where(packed),
                    packed=packed,
                    scales=scales,
                )
            )
        if {checkpoint.dtype(packed), checkpoint.dtype(scales)} != {"U8"} or len(checkpoint.shape(packed)) != 4:
            raise AttnError(
                N_(
                    "{where}: {packed} and {scales} are not mxfp4 blocks of bytes.",
                    where=checkpoint.where(packed),
                    packed=packed,
                    scales=scales,
                )
            )
    computed = {name: _unpacked(checkpoint, name) for name in blocks}
    return OverlaidCheckpoint(
        checkpoint, computed, frozenset([*blocks.values(), *(f"{name}_scales" for name in blocks)])
    )


def _unpacked(checkpoint: Checkpoint, name: str) -> ComputedTensor:
    experts, width_out, groups, size = checkpoint.shape(f"{name}_blocks")

    def rows(index: RowIndex) -> NDArray[Any]:
        packed = _stored(checkpoint, f"{name}_blocks", index)
        power = _stored(checkpoint, f"{name}_scales", index)
        values = np.stack([packed & 0x0F, packed >> 4], axis=-1)  # the lower half of a byte is first
        numbers = table("F4_E2M1")[values.reshape(*packed.shape[:-1], 2 * size)]
        return np.ldexp(numbers, power.astype(np.int32)[..., None] - 127).reshape(-1, width_out, groups * size * 2)

    def check() -> None:
        for part in ("blocks", "scales"):
            checkpoint.check(f"{name}_{part}")

    return ComputedTensor(
        (experts, width_out, groups * size * 2), rows, lambda computed: np.swapaxes(computed, -1, -2), check
    )


_METHODS: dict[Any, Callable[[SafetensorsCheckpoint, Mapping[str, Any], Path], Checkpoint]] = {
    "fp8": _fp8,
    "mxfp4": _mxfp4,
}
