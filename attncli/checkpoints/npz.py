"""numpy's .npz archives; pickled objects in them are refused."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Stored, Take, whole
from attncli.errors import AttnError, reason_of
from attncli.files import check_whole_start
from attncli.language import N_

BROKEN = (ValueError, OSError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise for a damaged archive."""


class NpzCheckpoint:
    """The arrays of an .npz file, each read when it is needed. Raises AttnError for a broken file."""

    def __init__(self, file: Path) -> None:
        self.source = str(file)
        self.metadata: dict[str, str] = {}
        if file.exists():
            check_whole_start(file)
        try:
            with file.open("rb") as raw:
                if not raw.read(8).startswith((b"PK", np.lib.format.MAGIC_PREFIX)):
                    raise AttnError(
                        N_("{file} is not an .npz file: its first bytes are those of another format.", file=file)
                    )
            self._arrays = np.load(file, allow_pickle=False)
            if not isinstance(self._arrays, np.lib.npyio.NpzFile):
                raise AttnError(
                    N_("{file} holds a single array without a name.", file=file),
                    N_("Save arrays by name: np.savez(file, w_q=…)."),
                )
        except FileNotFoundError as error:
            raise AttnError(N_("no such file: {file}", file=file)) from error
        except BROKEN as error:
            raise AttnError(
                N_("{file} is not an .npz file: {error}", file=file, error=reason_of(error))
            ) from error
        self._read: dict[str, NDArray[Any]] = {}

    def names(self) -> Sequence[str]:
        return list(self._arrays.files)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._header(name)[0]

    def check(self, name: str) -> None:
        _, dtype = self._header(name)
        if dtype.kind not in "fiub":
            raise AttnError(
                N_(
                    "{source}: array {name} holds {dtype}, not numbers.",
                    source=self.source,
                    name=name,
                    dtype=dtype,
                )
            )

    def where(self, name: str) -> str:
        return self.source

    def stored(self) -> Sequence[Stored]:
        headers = {name: self._header(name) for name in self.names()}
        return [
            Stored(name, _type_name(dtype), shape, Path(self.source)) for name, (shape, dtype) in headers.items()
        ]

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        if name not in self._read:
            try:
                self._read[name] = self._arrays[name]
            except BROKEN as error:
                raise self._unreadable(name, error) from error
        return take(self._read[name])

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return np.asarray(self.array(name)[np.asarray(ids, dtype=np.intp)])

    def _unreadable(self, name: str, error: Exception) -> AttnError:
        return AttnError(
            N_(
                "{source}: array {name} cannot be read: {error}",
                source=self.source,
                name=name,
                error=reason_of(error),
            )
        )

    def _header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """The shape and the type of an array. The numbers are not read."""
        members = self._arrays.zip.namelist()
        try:
            with self._arrays.zip.open(name if name in members else f"{name}.npy") as file:
                version = np.lib.format.read_magic(file)
                if version == (1, 0):
                    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                else:
                    shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        except BROKEN as error:
            raise self._unreadable(name, error) from error
        if dtype.hasobject:
            raise AttnError(
                N_(
                    "{source}: array {name} cannot be read: it holds pickled objects, not numbers.",
                    source=self.source,
                    name=name,
                )
            )
        return tuple(shape), dtype


def _type_name(dtype: np.dtype[Any]) -> str:
    """The name that safetensors has for a type."""
    kind = {"f": "F", "i": "I", "u": "U"}.get(dtype.kind)
    return str(dtype) if kind is None else f"{kind}{8 * dtype.itemsize}"
