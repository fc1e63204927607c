"""A trace's own files: npz and safetensors, which keep every bit of every number.

Each stage is an array under its name; the rest of the trace is a JSON document beside them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from attncli.errors import AttnError, UsageError
from attncli.files import encode, write_whole
from attncli.text.tokens import Tokens
from attncli.tracing.document import head_object, stage_facts, stage_object
from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo, Trace
from attncli.tracing.unknown import unknown_fields, with_unknown

KEY = "attn"
"""The safetensors metadata field, or the npz array, that holds the document."""

Arrays = dict[str, NDArray[Any]]


# ------------------------------------------------------------------ writing


def arrays(stages: Sequence[Stage]) -> Arrays:
    """Each stage's values by its name; the ids of kept words as NAME.ids."""
    named: Arrays = {stage.name: np.ascontiguousarray(stage.values) for stage in stages}
    ids = {f"{stage.name}.ids": np.ascontiguousarray(stage.ids) for stage in stages if stage.ids is not None}
    return named | ids


def facts(head: Trace, stages: Sequence[Stage]) -> str:
    """The JSON document without the numbers, which are in the arrays."""
    return encode(with_unknown(_document(head, stages), dict(head.unknown))).decode()


def _document(head: Trace, stages: Sequence[Stage]) -> dict[str, Any]:
    document = head_object(head) | {"stages": [stage_facts(stage) for stage in stages]}
    if head.tokens is not None:
        document["types"] = list(head.tokens.types)
    return document


def npz_bytes(head: Trace, stages: Sequence[Stage]) -> bytes:
    """A trace as an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **{KEY: np.asarray(facts(head, stages))}, **arrays(stages))  # type: ignore[arg-type]
    return buffer.getvalue()


def safetensors_bytes(head: Trace, stages: Sequence[Stage]) -> bytes:
    """A trace as a .safetensors file."""
    from safetensors.numpy import save

    data: bytes = save(arrays(stages), metadata={KEY: facts(head, stages)})
    return data


def json_bytes(head: Trace, stages: Sequence[Stage]) -> bytes:
    """The JSON document, numbers and all, as `attn explain --json` writes it."""
    document = head_object(head) | {"stages": [stage_object(stage) for stage in stages]}
    return encode(with_unknown(document, dict(head.unknown))) + b"\n"


SAVED: dict[str, Callable[[Trace, Sequence[Stage]], bytes]] = {
    ".npz": npz_bytes,
    ".safetensors": safetensors_bytes,
    ".json": json_bytes,
}
"""What Trace.save writes, by the ending of the file's name."""


def save_trace(trace: Trace, path: Path) -> None:
    """Writes a trace in the format of the path's ending, whole or not at all. Raises UsageError for another
    ending, AttnError where the file cannot be written."""
    as_bytes = SAVED.get(path.suffix.lower())
    if as_bytes is None:
        raise UsageError(f"cannot save a trace as {path.name}.", f"Name a file that ends in {', '.join(SAVED)}.")
    data = as_bytes(trace, list(trace.values()))
    with write_whole(path) as file:
        file.write(data)


# ------------------------------------------------------------------ reading


SCHEMAS = ("attn.trace/1", "attn.pe/1")


def load_trace(path: Path) -> Trace:
    """Reads a trace that was saved as safetensors or npz. Fields that this version does not know are kept in
    `unknown`. Raises AttnError for any other file."""
    stored, text = _read(path)
    if text is None:
        raise AttnError(f"{path} is not a trace.", "Trace.save writes one.")
    try:
        document = orjson.loads(text)
        if (schema := document["schema"]) not in SCHEMAS:
            newer = str(schema).startswith(("attn.trace/", "attn.pe/"))
            hint = "A newer attn wrote it; update attn." if newer else "Trace.save writes a trace."
            raise AttnError(f"{path} holds {schema}, but a trace is {' or '.join(SCHEMAS)}.", hint)
        trace = _trace(document, stored)
        if trace.parameters:
            return trace  # of a formula: every field beside the stages is a parameter
        known = _document(trace, list(trace.stages.values()))
        return replace(trace, unknown=unknown_fields(document, known))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise AttnError(f"{path} is not a trace that can be read: {error!r} in its document.") from error


def _read(path: Path) -> tuple[Arrays, str | None]:
    """The arrays of a file, and the document beside them, if any."""
    if path.suffix.lower() == ".json":
        raise AttnError(f"{path} is JSON, which has no -inf.",
                        "Trace.load reads .npz and .safetensors, which keep every number.")  # fmt: skip
    try:
        return _read_npz(path) if path.suffix.lower() == ".npz" else _read_safetensors(path)
    except FileNotFoundError:
        raise AttnError(f"no such file: {path}") from None
    except OSError as error:
        raise AttnError(f"cannot read {path}: {error.strerror or error}") from error


def _read_npz(path: Path) -> tuple[Arrays, str | None]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise AttnError(f"{path} is not a trace: it holds a single array.")
            stored = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise AttnError(f"{path} is not an .npz file: {error}") from error
    return stored, str(stored[KEY]) if KEY in stored else None


def _read_safetensors(path: Path) -> tuple[Arrays, str | None]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():  # the library's own message does not name the file
        raise FileNotFoundError(path) if not path.exists() else AttnError(f"{path} is not a file.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                return {}, None
            return {name: file.get_tensor(name) for name in file.keys()}, metadata[KEY]  # noqa: SIM118
    except (SafetensorError, TypeError) as error:
        raise AttnError(f"{path} is not a safetensors file: {error}") from error


def _trace(document: dict[str, Any], stored: Arrays) -> Trace:
    stages = {record["name"]: _stage(record, stored) for record in document["stages"]}
    schema, version = document["schema"], document["version"]
    if "tokens" not in document:
        parameters = {k: v for k, v in document.items() if k not in ("schema", "version", "stages")}
        return Trace(stages=stages, schema=schema, version=version, parameters=parameters)
    model, tokens, target = document["model"], document["tokens"], document.get("target")
    return Trace(
        text=document["text"],
        model=None if model is None else _model(model),
        tokens=None if tokens is None else _tokens(tokens, document["types"]),
        stages=stages,
        schema=schema,
        version=version,
        target=None if target is None else _tokens(target["tokens"], [0] * len(target["tokens"])),
        target_text=None if target is None else target["text"],
    )


def _stage(record: dict[str, Any], stored: Arrays) -> Stage:
    name, labels = record["name"], record.get("texts")
    return Stage(
        name=name,
        values=stored[name],
        axes=tuple(record["axes"]),
        symbol=record["symbol"],
        formula=record["formula"],
        meaning=record["meaning"],
        detail=record.get("detail", ""),
        layer=record["layer"],
        heads=None if record["heads"] is None else tuple(record["heads"]),
        rows=None if record["rows"] is None else tuple(record["rows"]),
        ids=stored[f"{name}.ids"] if "ids" in record else None,
        labels=None if labels is None else tuple(tuple(row) for row in labels),
    )


def _model(record: dict[str, Any]) -> ModelInfo:
    known = {field.name for field in fields(ModelInfo)}
    return ModelInfo(**{name: value for name, value in record.items() if name in known})


def _tokens(records: list[dict[str, Any]], types: list[int]) -> Tokens:
    return Tokens(
        ids=tuple(record["id"] for record in records),
        texts=tuple(record["text"] for record in records),
        spans=tuple(None if record["start"] is None else (record["start"], record["end"]) for record in records),
        types=tuple(types),
    )
