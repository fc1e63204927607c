"""Files read whole, JSON settings and JSON text, and files that appear complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from attncli.errors import AttnError, reason_of
from attncli.language import N_

if TYPE_CHECKING:
    from numpy.typing import NDArray

NESTED = 64
"""How deeply objects and lists may be nested in a settings file."""


LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How the text begins that git leaves in the place of a large file, where git-lfs is not installed."""


def check_not_pointer(start: bytes, file: Path) -> None:
    """Raises AttnError where a file, by its first bytes, is a pointer of git-lfs."""
    if start.startswith(LFS_POINTER):
        raise AttnError(
            N_("{file} is not the file itself but a pointer to it: it was cloned without git-lfs.", file=file),
            N_("Install git-lfs, and run git lfs pull in that folder."),
        )


def check_whole_start(file: Path) -> None:
    """Raises AttnError for a file of weights that is empty or a pointer of git-lfs, which its format would call
    broken."""
    try:
        with file.open("rb") as opened:
            start = opened.read(64)
    except OSError as error:
        raise AttnError(N_("cannot read {file}: {reason}", file=file, reason=error.strerror or error)) from error
    check_not_pointer(start, file)
    if not start:
        raise AttnError(N_("{file} is empty.", file=file), N_("The download may have failed: download it again."))


def read_bytes(file: Path) -> bytes:
    """The content of a file. Raises AttnError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise AttnError(N_("cannot read {file}: {reason}", file=file, reason=reason_of(error))) from error


BOM, UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
"""The marks that Windows puts at the beginning of UTF-8 and UTF-16."""


def to_utf8(raw: bytes) -> str:
    """What to do with a text that is not UTF-8: how to convert it from the encoding that it most likely has."""
    encoding = "UTF-16" if raw.startswith(UTF16) else _japanese(raw) or "LATIN1"
    return N_("Convert it first: iconv -f {encoding} -t UTF-8", encoding=encoding)


def _japanese(raw: bytes) -> str | None:
    """The older encoding of Japanese in which a text has kana."""
    for encoding in ("EUC-JP", "CP932"):
        try:
            if any("\u3041" <= char <= "\u30fe" for char in raw.decode(encoding)):
                return encoding
        except UnicodeDecodeError:
            continue
    return None


def json_object(raw: bytes, file: Path) -> dict[str, Any]:
    """The JSON object in a settings file, from its bytes. Raises AttnError for anything else."""
    import orjson

    check_not_pointer(raw, file)
    if raw.startswith(UTF16):
        raise AttnError(N_("{file} is in UTF-16; attn reads UTF-8.", file=file), to_utf8(raw))
    if not raw.strip():
        raise AttnError(N_("{file} is empty.", file=file), N_("The download may have failed: download it again."))
    try:
        fields = orjson.loads(raw.removeprefix(BOM))
    except ValueError as error:
        raise AttnError(N_("{file} is not JSON: {error}", file=file, error=reason_of(error))) from error
    if not isinstance(fields, dict):
        raise AttnError(N_("{file} holds no JSON object.", file=file))
    level: list[Any] = [fields]
    for _ in range(NESTED):
        level = [inner for value in level if isinstance(value, dict | list)
                 for inner in (value.values() if isinstance(value, dict) else value)]  # fmt: skip
    if level:
        raise AttnError(
            N_(
                "{file} is nested more than {nested} levels deep, so it is not a settings file.",
                file=file,
                nested=NESTED,
            )
        )
    return fields


def encode(value: Any) -> bytes:
    """A value as JSON text in UTF-8; NaN and infinities become null. numpy arrays are lists, and each float32 is
    the shortest text that reads back to it. DEL and the C1 control characters, which JSON allows, are escaped,
    because a terminal might obey them."""
    import re

    import orjson

    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    if b"\x7f" not in text and b"\xc2" not in text:
        return text
    return re.sub(rb"\x7f|\xc2[\x80-\x9f]", lambda m: b"\\u%04x" % ord(m[0].decode()), text)


@contextmanager
def write_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes its place only when everything succeeded; after an error nothing is left.

    A device or a pipe (/dev/stdout) is written directly. Raises AttnError where the file cannot be written.
    """
    import tempfile  # this import is slow, and `attn --help` does not need it

    target = path.resolve()
    try:
        if path.exists() and not path.is_file():
            if path.is_dir():
                raise AttnError(N_("cannot write {path}: it is a folder.", path=path))
            with path.open("wb") as file:  # not the target: what a shell names /dev/fd/63 has no other name
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
    except BrokenPipeError:  # a reader that has seen enough
        raise
    except OSError as error:
        raise AttnError(N_("cannot write {path}: {reason}", path=path, reason=reason_of(error))) from error


def _mode(target: Path) -> int:
    """The permissions of the file to be replaced, or those of a new file."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


# ------------------------------------------------------------------ named arrays

DOCUMENT = "attn"
"""The npz array, or the safetensors metadata field, that holds the JSON document beside the arrays."""


def npz_bytes(arrays: Mapping[str, NDArray[Any]], document: str) -> bytes:
    """Named arrays and a JSON document as an .npz file."""
    import io

    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, **{DOCUMENT: np.asarray(document)}, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def safetensors_bytes(arrays: Mapping[str, NDArray[Any]], document: str) -> bytes:
    """Named arrays of numbers and a JSON document as a .safetensors file."""
    from safetensors.numpy import save

    data: bytes = save(dict(arrays), metadata={DOCUMENT: document})
    return data
