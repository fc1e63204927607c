"""safetensors files: a single file, or the shards that an index lists. The library reads and checks the header.
The numbers are mapped, so that only the parts in use are read from disk."""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Stored, Take, span, whole, widen
from attncli.errors import AttnError, reason_of
from attncli.files import check_not_pointer, check_whole_start
from attncli.language import N_

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

_STORED = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
    "F8_E4M3": np.uint8, "F8_E5M2": np.uint8, "F8_E8M0": np.uint8,
}  # fmt: skip

RELEASED = 1 << 16
"""The number of bytes from which giving memory back to the system is worth the call."""


@dataclass(frozen=True)
class _Entry:
    """Where the bytes of one tensor are."""

    file: Path
    data: mmap.mmap
    offset: int
    shape: tuple[int, ...]
    dtype: str


class SafetensorsCheckpoint:
    """One or more safetensors files as one set of named tensors. Raises AttnError for a broken file."""

    def __init__(self, files: Sequence[Path], source: Path) -> None:
        self.source = str(source)
        self.metadata: dict[str, str] = {}
        self._entries: dict[str, _Entry] = {}
        for file in files:
            self._entries.update(self._read_header(file))

    def names(self) -> Sequence[str]:
        return list(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._entries[name].shape

    def dtype(self, name: str) -> str:
        """The format's name of the tensor's type (F32, BF16, F8_E4M3)."""
        return self._entries[name].dtype

    def where(self, name: str) -> str:
        return str(self._entries[name].file)

    def check(self, name: str) -> None:
        """Raises AttnError for a type that attn does not read, and for a file that is shorter now than when it was
        opened: the system would end the process for reading mapped numbers that are gone."""
        e = self._entries[name]
        if e.dtype not in _STORED:
            known = ", ".join(_STORED)
            raise AttnError(
                N_(
                    "{file}: tensor {name} has dtype {dtype}, which attn cannot read (it reads {known}).",
                    file=e.file,
                    name=name,
                    dtype=e.dtype,
                    known=known,
                )
            )
        check_length(e.file, e.data)

    def stored(self) -> Sequence[Stored]:
        return [Stored(name, e.dtype, e.shape, e.file) for name, e in self._entries.items()]

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        view = take(self._stored(name))
        wide = widen(view, self._entries[name].dtype)
        if wide is not view:
            self._release(name, view)
        return wide

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return widen(self._stored(name)[np.asarray(ids, dtype=np.intp)], self._entries[name].dtype)

    def _stored(self, name: str) -> NDArray[Any]:
        self.check(name)
        e = self._entries[name]
        count = math.prod(e.shape)
        if count == 0:
            return np.empty(e.shape, _STORED[e.dtype])
        return np.frombuffer(e.data, _STORED[e.dtype], count, e.offset).reshape(e.shape)

    def _release(self, name: str, view: NDArray[Any]) -> None:
        """Gives back the mapped pages of numbers that have been converted; the system's cache keeps them.
        Otherwise the whole of a large checkpoint would in the end count as memory of this process."""
        e = self._entries[name]
        if view.nbytes < RELEASED or not hasattr(mmap, "MADV_DONTNEED"):
            return
        bounds = span(view, np.frombuffer(e.data, np.uint8))
        if bounds is not None:
            low = bounds[0] - bounds[0] % mmap.PAGESIZE
            e.data.madvise(mmap.MADV_DONTNEED, low, bounds[1] - low)

    def _read_header(self, file: Path) -> dict[str, _Entry]:
        from safetensors import SafetensorError, safe_open

        if file.exists():
            check_whole_start(file)
        try:
            with safe_open(file, framework="np") as opened:
                self.metadata.update(opened.metadata() or {})
                # The format allows no gaps: in order of offset, each tensor begins where the one before ends
                shapes = {name: opened.get_slice(name) for name in opened.offset_keys()}
                described = {n: (tuple(s.get_shape()), s.get_dtype()) for n, s in shapes.items()}
            with file.open("rb") as raw:
                (header_size,) = struct.unpack("<Q", raw.read(8))
                data = mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise AttnError(
                N_("no such file: {file}", file=file), N_("The checkpoint is incomplete: download it again.")
            ) from error
        except SafetensorError as error:
            raise AttnError(
                N_("{file} is not a complete safetensors file: {error}", file=file, error=reason_of(error)),
                N_("It may be cut short: download it again."),
            ) from error
        except OSError as error:
            raise AttnError(N_("cannot read {file}: {reason}", file=file, reason=reason_of(error))) from error
        entries: dict[str, _Entry] = {}
        offset = 8 + header_size
        for name, (shape, dtype) in described.items():
            entries[name] = _Entry(file, data, offset, shape, dtype)
            offset += math.prod(shape) * _bits_of(dtype) // 8
        return entries


def check_length(file: Path, data: mmap.mmap) -> None:
    """Raises AttnError for a mapped file that has been cut since."""
    if data.size() < len(data):
        raise AttnError(
            N_("{file} was cut short while attn was reading it.", file=file),
            N_("Wait until whatever writes it is done, and try again."),
        )


@cache
def _bits_of(dtype: str) -> int:
    """Bits per number: the first number in the name of the type (F32, BF16, F8_E4M3, F4)."""
    if dtype == "BOOL":
        return 8
    return int("".join(c for c in dtype.split("_")[0] if c.isdigit()))


def open_safetensors(folder: Path) -> SafetensorsCheckpoint:
    """`model.safetensors` in a folder, or the shards that `model.safetensors.index.json` lists.

    Raises AttnError where a folder has neither, or a file is missing or broken.
    """
    if (folder / SINGLE).exists():
        return _not_empty(SafetensorsCheckpoint([folder / SINGLE], folder))
    if (folder / INDEX).exists():
        shards = shards_of(folder / INDEX)
        for shard in shards:
            if not shard.exists():
                raise AttnError(
                    N_("shard {name}, listed in {folder}, is missing.", name=shard.name, folder=folder / INDEX),
                    N_("Download the checkpoint again."),
                )
        return _not_empty(SafetensorsCheckpoint(shards, folder))
    pickled = [p.name for ending in PICKLES for p in sorted(folder.glob(f"*{ending}"))]
    if pickled:
        raise AttnError(
            N_(
                "{folder} holds {pickled}, a pickle: loading it could run any code, so attn refuses.",
                folder=folder,
                pickled=pickled[0],
            ),
            N_("Save it as safetensors: model.save_pretrained(folder, safe_serialization=True)."),
        )
    raise AttnError(
        N_("{folder} has neither {single} nor {index}.", folder=folder, single=SINGLE, index=INDEX),
        N_("The weights are missing: download the model again."),
    )


def _not_empty(checkpoint: SafetensorsCheckpoint) -> SafetensorsCheckpoint:
    if not checkpoint.names():
        raise AttnError(
            N_("{folder} holds no tensors.", folder=checkpoint.source),
            N_("The checkpoint was saved without its weights: save or download it again."),
        )
    return checkpoint


def shards_of(index: Path) -> list[Path]:
    """The files beside an index that it lists as shards. Raises AttnError for a broken index."""
    import orjson

    try:
        raw = index.read_bytes()
        check_not_pointer(raw, index)
        names = orjson.loads(raw)["weight_map"].values()
        shards = [index.parent / name for name in dict.fromkeys(names)]
    except OSError as error:
        raise AttnError(N_("cannot read {index}: {reason}", index=index, reason=reason_of(error))) from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise AttnError(
            N_("{index} is not a valid index of shards: {error}", index=index, error=reason_of(error))
        ) from error
    for shard in shards:
        if shard.parent != index.parent:
            raise AttnError(N_("{index} lists a shard outside its folder: {shard}", index=index, shard=shard))
    return shards
