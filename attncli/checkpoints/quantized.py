"""Checkpoints of quantized matrices, as the float32 that they stand for: fp8 and mxfp4.

Weights are made whole; activations stay as they are, where a kernel for fp8 would round them too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint
from attncli.checkpoints.computed import Index, Made, Overlaid
from attncli.checkpoints.float8 import FLOAT8, table
from attncli.checkpoints.safetensors import SafetensorsCheckpoint
from attncli.errors import AttnError

_INERT = ("quant_method", "fmt", "activation_scheme", "scale_fmt", "dequantize", "modules_to_not_convert",
          "modules_to_convert", "ignored_layers", "weight_block_size")  # fmt: skip
"""Fields of a quantization_config that leave the weights as its tensors say; the block size is read."""


def dequantized(checkpoint: SafetensorsCheckpoint, settings: Any, file: Path) -> Checkpoint:
    """The checkpoint with its quantized matrices as float32, by config.json's quantization_config (None: none).

    Raises AttnError for a method that is not fp8 or mxfp4, a setting that is not known, scales that do not fit.
    """
    if settings is None:
        return _without_scales(checkpoint)
    if not isinstance(settings, Mapping):
        raise AttnError(f"{file}: quantization_config is no object.")
    method = settings.get("quant_method")
    if not isinstance(method, str) or method not in _METHODS:
        raise AttnError(
            f"{file}: weights quantized by {method!r} are not supported; attn reads {' and '.join(_METHODS)}.",
            "Take the original checkpoint, or a GGUF file of the model.",
        )
    for field, value in settings.items():
        if field not in _INERT and value is not None and (field, value) != ("expert_dtype", "fp8"):
            raise AttnError(f"{file}: quantization_config has {field} = {value!r}, which attn does not support.")
    return _METHODS[method](checkpoint, settings, file)


# ------------------------------------------------------------------ fp8, with a scale a block or a tensor


def _fp8(checkpoint: SafetensorsCheckpoint, settings: Mapping[str, Any], file: Path) -> Checkpoint:
    """`NAME` in fp8 times `NAME_scale_inv`, which has one number for each block, or one for all of the matrix
    (DeepSeek-AI 2024, DeepSeek-V3; the name means that it inverts the scaling)."""
    block = settings.get("weight_block_size", [128, 128])
    if block is not None and not (
        isinstance(block, list) and len(block) == 2 and all(isinstance(n, int) and n > 0 for n in block)
    ):
        raise AttnError(f"{file}: weight_block_size is {block!r}; two whole numbers above 0 are needed.")
    names = set(checkpoint.names())
    made: dict[str, Made] = {}
    for name in names:
        scale = f"{name}_scale_inv"
        if checkpoint.dtype(name) in FLOAT8 and not name.endswith("_scale_inv"):
            if scale not in names:
                raise AttnError(f"{checkpoint.where(name)}: tensor {name} is fp8, but there is no {scale}.")
            made[name] = _scaled(checkpoint, name, scale, block)
    return Overlaid(checkpoint, made, frozenset(n for n in names if n.endswith("_scale_inv")))


def _scaled(checkpoint: SafetensorsCheckpoint, name: str, scale: str, block: list[int] | None) -> Made:
    shape, found = checkpoint.shape(name), checkpoint.shape(scale)
    where = f"{checkpoint.where(scale)}: {scale}"
    if checkpoint.dtype(scale) not in ("F32", "F16", "BF16", "F8_E8M0"):
        raise AttnError(f"{where} has dtype {checkpoint.dtype(scale)}, which attn does not take for a scale.")
    if block is None:
        if int(np.prod(found, dtype=np.int64)) != 1:
            raise AttnError(f"{where} has shape {list(found)}; without weight_block_size one number is needed.")
        return Made(shape, lambda index: _stored(checkpoint, name, index) * _scale(checkpoint, scale).reshape(()))
    if len(shape) < 2 or found != (*shape[:-2], -(-shape[-2] // block[0]), -(-shape[-1] // block[1])):
        raise AttnError(f"{where} has shape {list(found)}, which blocks of {block} of {list(shape)} do not make.")

    def rows(index: Index) -> NDArray[Any]:
        return _stored(checkpoint, name, index) * _spread(_scale(checkpoint, scale), shape, block, index)

    return Made(shape, rows)


def _stored(checkpoint: Checkpoint, name: str, index: Index) -> NDArray[Any]:
    return checkpoint.array(name, lambda stored: stored[index])


def _scale(checkpoint: Checkpoint, name: str) -> NDArray[Any]:
    return checkpoint.array(name).astype(np.float32, copy=False)


def _spread(scale: NDArray[Any], shape: tuple[int, ...], block: list[int], index: Index) -> NDArray[Any]:
    """Each number's own scale, for some rows of the tensor [..., out, in]; the last blocks may be cut short."""
    if len(shape) == 2:
        by_row = scale[np.arange(shape[0])[index] // block[0]]
    else:
        by_row = np.repeat(scale[index], block[0], axis=-2)[..., : shape[-2], :]
    return np.repeat(by_row, block[1], axis=-1)[..., : shape[-1]]


def _without_scales(checkpoint: SafetensorsCheckpoint) -> Checkpoint:
    """Without a quantization_config, fp8 numbers are taken as they are: so no scale may lie beside them."""
    names = set(checkpoint.names())
    for name in names:
        module = name.removesuffix(".weight")
        scales = (f"{name}_scale_inv", f"{name}_scale", f"{module}.scale_weight", f"{module}.weight_scale")
        if checkpoint.dtype(name) in FLOAT8 and (beside := next((s for s in scales if s in names), None)):
            raise AttnError(
                f"{checkpoint.where(name)}: tensor {name} is fp8 with a scale, {beside}, but config.json has no "
                "quantization_config that says how to apply it."
            )
    return checkpoint


# ------------------------------------------------------------------ mxfp4: 32 numbers share a power of two


def _mxfp4(checkpoint: SafetensorsCheckpoint, settings: Mapping[str, Any], file: Path) -> Checkpoint:
    """`NAME_blocks` [expert, out, group, byte] and `NAME_scales` [expert, out, group] as `NAME`, which is
    [expert, in, out], as such a model without quantization stores it."""
    names = set(checkpoint.names())
    blocks = {n.removesuffix("_blocks"): n for n in names if n.endswith("_blocks")}
    for name, packed in blocks.items():
        scales = f"{name}_scales"
        if scales not in names or checkpoint.shape(scales) != checkpoint.shape(packed)[:-1]:
            raise AttnError(f"{checkpoint.where(packed)}: {packed} needs a {scales} with a number for each block.")
        if {checkpoint.dtype(packed), checkpoint.dtype(scales)} != {"U8"} or len(checkpoint.shape(packed)) != 4:
            raise AttnError(f"{checkpoint.where(packed)}: {packed} and {scales} are not bytes in mxfp4 blocks.")
    made = {name: _unpacked(checkpoint, name) for name in blocks}
    return Overlaid(checkpoint, made, frozenset([*blocks.values(), *(f"{name}_scales" for name in blocks)]))


def _unpacked(checkpoint: Checkpoint, name: str) -> Made:
    experts, width_out, groups, size = checkpoint.shape(f"{name}_blocks")

    def rows(index: Index) -> NDArray[Any]:
        packed = _stored(checkpoint, f"{name}_blocks", index)
        power = _stored(checkpoint, f"{name}_scales", index)
        values = np.stack([packed & 0x0F, packed >> 4], axis=-1)  # the lower half of a byte comes first
        numbers = table("F4_E2M1")[values.reshape(*packed.shape[:-1], 2 * size)]
        return np.ldexp(numbers, power.astype(np.int32)[..., None] - 127).reshape(-1, width_out, groups * size * 2)

    return Made((experts, width_out, groups * size * 2), rows, lambda made: np.swapaxes(made, -1, -2))


_METHODS: dict[Any, Callable[[SafetensorsCheckpoint, Mapping[str, Any], Path], Checkpoint]] = {
    "fp8": _fp8,
    "mxfp4": _mxfp4,
}
