"""Files read whole, and files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from attncli.errors import AttnError

NESTED = 64
"""How many objects and lists may lie inside one another in a file of settings."""


def read_bytes(file: Path) -> bytes:
    """The content of a file. Raises AttnError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise AttnError(f"cannot read {file}: {error.strerror or error}") from error


def json_object(raw: bytes, file: Path) -> dict[str, Any]:
    """The JSON object that a file of settings holds. Raises AttnError for anything else."""
    import orjson

    try:
        fields = orjson.loads(raw)
    except ValueError as error:
        raise AttnError(f"{file} is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise AttnError(f"{file} holds no JSON object.")
    level: list[Any] = [fields]
    for _ in range(NESTED):
        level = [x for part in level if isinstance(part, dict | list)
                 for x in (part.values() if isinstance(part, dict) else part)]  # fmt: skip
    if level:
        raise AttnError(f"{file} is nested more than {NESTED} deep: no settings are.")
    return fields


@contextmanager
def write_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its place only when all went well; on any error nothing is left.

    A device or a pipe (/dev/stdout) is written to as it is. Raises AttnError where it cannot be written.
    """
    import tempfile  # loads random numbers and more, which `attn --help` need not wait for

    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise AttnError(f"cannot write {path}: it is a folder.")
            with target.open("wb") as file:
                yield file
            return
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            os.chmod(name, _mode(target))
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise AttnError(f"cannot write {path}: {error.strerror or error}") from error


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those of any new file."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
