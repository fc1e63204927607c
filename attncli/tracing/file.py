"""Reading files of named arrays with a JSON document beside them, as `attncli.files` writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from attncli.errors import AttnError, reason_of
from attncli.files import DOCUMENT
from attncli.language import N_
from attncli.tracing.document import Arrays


def read(path: Path) -> tuple[Arrays, str | None]:
    """The arrays of a .safetensors or .npz file, and the document beside them, if any. Raises AttnError for any
    other file."""
    if path.suffix.lower() == ".json":
        raise AttnError(N_("{path} is JSON, which has no -inf.", path=path),
                        N_("Trace.load reads .npz and .safetensors, which keep every number."))  # fmt: skip
    try:
        return _read_npz(path) if path.suffix.lower() == ".npz" else _read_safetensors(path)
    except FileNotFoundError:
        raise AttnError(N_("no such file: {path}", path=path)) from None
    except OSError as error:
        raise AttnError(N_("cannot read {path}: {reason}", path=path, reason=reason_of(error))) from error


def _read_npz(path: Path) -> tuple[Arrays, str | None]:
    import zipfile
    import zlib

    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise AttnError(N_("{path} is not a trace: it holds a single array.", path=path))
            stored = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise AttnError(N_("{path} is not an .npz file: {error}", path=path, error=error)) from error
    return stored, str(stored[DOCUMENT]) if DOCUMENT in stored else None


def _read_safetensors(path: Path) -> tuple[Arrays, str | None]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():  # the library's own message does not name the file
        raise FileNotFoundError(path) if not path.exists() else AttnError(N_("{path} is not a file.", path=path))
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if DOCUMENT not in metadata:
                return {}, None
            return {name: file.get_tensor(name) for name in file.keys()}, metadata[DOCUMENT]  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise AttnError(N_("{path} is not a safetensors file: {error}", path=path, error=error)) from error
