"""numpy's .npz archives. Never pickled objects."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Take, whole
from attncli.errors import AttnError


class NpzCheckpoint:
    """An .npz file as named tensors, each read when it is asked for. Raises AttnError for a bad file."""

    def __init__(self, file: Path) -> None:
        self.source = str(file)
        self.metadata: dict[str, str] = {}
        try:
            self._arrays = np.load(file, allow_pickle=False)
            if not isinstance(self._arrays, np.lib.npyio.NpzFile):
                raise AttnError(f"{file} holds a single array.", "Save several by name: np.savez(file, w_q=…).")
        except FileNotFoundError as error:
            raise AttnError(f"no such file: {file}") from error
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise AttnError(f"{file} is not an .npz file: {error}") from error
        self._read: dict[str, NDArray[Any]] = {}

    def names(self) -> Sequence[str]:
        return list(self._arrays.files)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.array(name).shape)

    def where(self, name: str) -> str:
        return self.source

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        if name not in self._read:
            try:
                self._read[name] = self._arrays[name]
            except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
                raise AttnError(f"{self.source}: array {name} cannot be read: {error}") from error
        return take(self._read[name])

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return np.asarray(self.array(name)[np.asarray(ids, dtype=np.intp)])
