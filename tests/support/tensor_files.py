"""Checkpoints written byte by byte, with number types that numpy lacks."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Numbers = NDArray[Any]
GOLDEN = Path(__file__).parent.parent / "golden"
NAMES = {"float32": "F32", "float16": "F16", "uint8": "U8", "int8": "I8"}


def save(file: Path, tensors: Mapping[str, Numbers | tuple[str, Numbers]]) -> None:
    """Writes a safetensors file. A tensor given as (type name, bytes) is stored with that type (F4: two in a
    byte)."""
    header, contents, offset = {}, [], 0
    for name, tensor in tensors.items():
        dtype, values = tensor if isinstance(tensor, tuple) else (NAMES[str(tensor.dtype)], tensor)
        contents.append(values.tobytes())
        end = offset + len(contents[-1])
        shape = [2 * values.size] if dtype == "F4" else list(values.shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(contents))


def model(folder: Path, like: str, tensors: Mapping[str, Any], **config: Any) -> Path:
    """A folder with these tensors, and the config.json of a golden model with changed fields."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.safetensors", tensors)
    fields = json.loads((GOLDEN / like / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(fields | config))
    return folder


def tensors_of(like: str) -> dict[str, Numbers]:
    return dict(load_file(GOLDEN / like / "model.safetensors"))


def same_numbers(folder: Path, expected_folder: Path, **options: Any) -> None:
    """Asserts that both models, traced on the same ids, give the same numbers up to rounding. `options` are for
    loading the first."""
    import attncli

    ids = [7, 3, 0, 7, 39, 12]
    ours = attncli.trace(ids=ids, model=attncli.load_model(folder, **options))
    theirs = attncli.trace(ids=ids, model=attncli.load_model(expected_folder))
    assert len(ours) == len(theirs) > 0
    for name in theirs:
        expected = theirs[name].values
        near_zero = 1e-6 * max(1.0, float(np.abs(expected[np.isfinite(expected)]).max()))
        np.testing.assert_allclose(ours[name].values, expected, rtol=1e-5, atol=near_zero, err_msg=name)
