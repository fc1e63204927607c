"""Reading a GGUF file: its metadata, and its tensors as they are stored
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

attn reads the header itself, because the `gguf` package takes ten seconds for a vocabulary of 128,000 words. The
package dequantizes the numbers.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints.safetensors import check_length
from attncli.errors import AttnError, reason_of
from attncli.files import check_whole_start
from attncli.language import N_

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_FLOAT32, _STRING, _ARRAY = 6, 8, 9
_LARGEST_RANK = 4


@dataclass(frozen=True)
class GgufTensor:
    """A tensor as stored. `shape` counts numbers, outermost axis first. `data` are bytes, with the same axes but
    the last, which counts the bytes of its blocks; `mapped` is the file that they are in, at `path`."""

    shape: tuple[int, ...]
    type: int
    type_name: str
    data: NDArray[np.uint8]
    path: Path
    mapped: mmap.mmap

    def check(self) -> None:
        """Raises AttnError for a type that `gguf` cannot dequantize, and for a file that has been cut since."""
        if not _dequantizes(self.type):
            raise AttnError(
                N_("the gguf package cannot dequantize numbers of type {type_name}.", type_name=self.type_name)
            )
        check_length(self.path, self.mapped)

    def rows(self, index: Any) -> NDArray[Any]:
        """Some rows along the first axis, as float32. Raises AttnError as `check` does."""
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        self.check()

        def numbers(stored: NDArray[np.uint8]) -> NDArray[Any]:
            return dequantize(np.ascontiguousarray(stored), GGMLQuantizationType(self.type))

        if len(self.shape) == 1:  # a block may hold several rows of one number
            return numbers(self.data)[index]
        return numbers(self.data[index]).reshape(-1, *self.shape[1:])


@dataclass(frozen=True)
class GgufFile:
    """A GGUF file. Each function of `metadata` gives its value; arrays of text are decoded only then."""

    path: Path
    metadata: Mapping[str, Callable[[], Any]]
    tensors: Mapping[str, GgufTensor]

    def get(self, key: str, default: Any = None) -> Any:
        return self.metadata[key]() if key in self.metadata else default


def read_gguf(path: Path) -> GgufFile:
    """Reads the header and maps the numbers. Raises AttnError for a file that is broken, incomplete or split."""
    _require_package()
    check_whole_start(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if start[:4] != b"GGUF":
                raise AttnError(
                    N_("{path} is not a GGUF file.", path=path),
                    N_("It does not begin with GGUF: download it again."),
                )
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise AttnError(N_("cannot read {path}: {reason}", path=path, reason=reason_of(error))) from error
    try:
        return _Reader(path, data).file()
    except (struct.error, IndexError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise AttnError(
            N_("{path} is not a complete GGUF file: {error}.", path=path, error=reason_of(error)),
            N_("It may be cut short: download it again."),
        ) from error


def _require_package() -> None:
    from importlib.util import find_spec

    if find_spec("gguf") is None:
        raise AttnError(N_("GGUF files need the gguf package."), N_("Install it: pip install 'attncli[gguf]'"))


class _Reader:
    """Reads the header from front to back; `offset` is the next byte to read."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.offset = path, data, 4

    def file(self) -> GgufFile:
        version = self.scalar("I")
        if version not in (2, 3):
            raise AttnError(
                N_(
                    "{path} is a big-endian GGUF file; attn reads versions 2 and 3, little-endian.",
                    path=self.path,
                )
                if version in (2 << 24, 3 << 24)
                else N_(
                    "{path} is a version {version} GGUF file; attn reads versions 2 and 3, little-endian.",
                    path=self.path,
                    version=version,
                )
            )
        tensors, fields = self.scalar("Q"), self.scalar("Q")
        metadata: dict[str, Callable[[], Any]] = {}
        for _ in range(fields):
            key = self.string()
            metadata[key] = self.value(self.scalar("I"))
        shards = _whole(metadata, "split.count", 1)
        if shards > 1:
            raise AttnError(
                N_("{path} is one of {shards} parts of a model.", path=self.path, shards=shards),
                N_("Join them first: llama-gguf-split --merge FIRST-PART WHOLE"),
            )
        infos = [self.tensor_info() for _ in range(tensors)]
        alignment = _whole(metadata, "general.alignment", 32)
        start = -(-self.offset // alignment) * alignment
        return GgufFile(self.path, metadata, {info[0]: self.tensor(start, *info) for info in infos})

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.offset)
        self.offset += struct.calcsize("<" + code)
        return value

    def skip(self, count: int) -> int:
        """Skips `count` bytes and returns the offset of the first. Raises ValueError where the file ends
        before."""
        before, self.offset = self.offset, self.offset + count
        if self.offset > len(self.data):
            raise ValueError(N_("it ends at byte {count}, within its header", count=len(self.data)))
        return before

    def string(self) -> str:
        length = self.scalar("Q")
        start = self.skip(length)
        return self.data[start : start + length].decode("utf-8")

    def value(self, kind: int) -> Callable[[], Any]:
        if kind == _STRING:
            text = self.string()
            return lambda: text
        if kind == _ARRAY:
            return self.array()
        if kind not in _SCALARS:
            raise ValueError(N_("a value has the unknown type {kind}", kind=kind))
        number = self.scalar(_SCALARS[kind])
        # A float32 stands for the number of its shortest text: 1e-06, not 9.999999974752427e-07
        plain = float(str(np.float32(number))) if kind == _FLOAT32 else number
        return lambda: plain

    def array(self) -> Callable[[], Any]:
        kind, count = self.scalar("I"), self.scalar("Q")
        if kind in _SCALARS:
            dtype = np.dtype("<" + _SCALARS[kind]) if kind != 7 else np.dtype(bool)
            start = self.skip(count * dtype.itemsize)
            return lambda: np.frombuffer(self.data, dtype, count, start)
        if kind != _STRING:
            raise ValueError(N_("an array has values of the unknown type {kind}", kind=kind))
        start, data, length_of = self.offset, self.data, struct.Struct("<Q").unpack_from
        end = start
        for _ in range(count):
            end += 8 + length_of(data, end)[0]
        self.skip(end - start)
        return lambda: _strings(data, start, count)

    def tensor_info(self) -> tuple[str, tuple[int, ...], int, int]:
        name, rank = self.string(), self.scalar("I")
        if not 1 <= rank <= _LARGEST_RANK:
            raise ValueError(N_("tensor {name} has {rank} axes", name=name, rank=rank))
        shape = tuple(self.scalar("Q") for _ in range(rank))[::-1]
        return name, shape, self.scalar("I"), self.scalar("Q")

    def tensor(self, start: int, name: str, shape: tuple[int, ...], kind: int, offset: int) -> GgufTensor:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        try:
            type_ = GGMLQuantizationType(kind)
        except ValueError:
            raise AttnError(
                N_(
                    "{path}: tensor {name} has type {kind}, which the gguf package does not know.",
                    path=self.path,
                    name=name,
                    kind=kind,
                ),
                N_("Update it: pip install -U gguf"),
            ) from None
        numbers, size = GGML_QUANT_SIZES[type_]
        if 0 in shape or shape[-1] % numbers:
            raise ValueError(
                N_(
                    "tensor {name} of shape {shape} does not consist of blocks of {numbers} numbers",
                    name=name,
                    shape=list(shape),
                    numbers=numbers,
                )
            )
        width = shape[-1] // numbers * size
        rows = math.prod(shape[:-1])
        if start + offset + rows * width > len(self.data):
            raise ValueError(N_("it ends at byte {count}, within tensor {name}", count=len(self.data), name=name))
        data = np.frombuffer(self.data, np.uint8, rows * width, start + offset).reshape(*shape[:-1], width)
        return GgufTensor(shape, kind, type_.name, data, self.path, self.data)


@cache
def _dequantizes(kind: int) -> bool:
    """Whether the gguf package can dequantize a type, tried on one block."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    type_ = GGMLQuantizationType(kind)
    try:
        dequantize(np.zeros(GGML_QUANT_SIZES[type_][1], np.uint8), type_)
    except NotImplementedError:
        return False
    return True


def _whole(metadata: Mapping[str, Callable[[], Any]], key: str, default: int) -> int:
    """A whole number of the metadata. Raises ValueError for anything else."""
    value = metadata[key]() if key in metadata else default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (value == 0 and default > 1):
        raise ValueError(N_("{key} is {value!r}, not a valid whole number", key=key, value=value))
    return value


def _strings(data: mmap.mmap, offset: int, count: int) -> list[str]:
    """`count` texts, each after its length in eight bytes, from `offset` on."""
    length_of = struct.Struct("<Q").unpack_from
    texts = []
    for _ in range(count):
        end = offset + 8 + length_of(data, offset)[0]
        texts.append(data[offset + 8 : end].decode("utf-8"))
        offset = end
    return texts
