"""Traces as files of named arrays: npz and safetensors, which keep every bit of every number."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson

from attncli.checkpoints import Checkpoint
from attncli.errors import AttnError
from attncli.render.document import encode, head_object, stage_facts
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo, Trace

KEY = "attn"
"""The safetensors metadata field, and the npz array, that holds the document without its numbers."""


def arrays(stages: list[Stage]) -> dict[str, np.ndarray[Any, Any]]:
    """Each stage's values by its name; the ids of kept words as NAME.ids."""
    named: dict[str, np.ndarray[Any, Any]] = {s.name: np.ascontiguousarray(s.values) for s in stages}
    return named | {f"{s.name}.ids": np.ascontiguousarray(s.ids) for s in stages if s.ids is not None}


def facts(head: Trace, stages: list[Stage]) -> str:
    """The JSON document without the numbers, which are in the arrays."""
    document = head_object(head) | {"stages": [stage_facts(s) for s in stages]}
    if head.tokens is not None:
        document["types"] = head.tokens.types
    return encode(document).decode()


class Collector:
    """A writer for formats that can only be written whole: it keeps the stages until the end."""

    def __init__(self, head: Trace, output: IO[bytes], as_bytes: Callable[[Trace, list[Stage]], bytes]) -> None:
        self.head, self.output, self.as_bytes = head, output, as_bytes
        self.stages: list[Stage] = []

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def close(self) -> None:
        self.output.write(self.as_bytes(self.head, self.stages))


def npz_bytes(head: Trace, stages: list[Stage]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{KEY: np.asarray(facts(head, stages))}, **arrays(stages))  # type: ignore[arg-type]
    return buffer.getvalue()


def safetensors_bytes(head: Trace, stages: list[Stage]) -> bytes:
    from safetensors.numpy import save

    data: bytes = save(arrays(stages), metadata={KEY: facts(head, stages)})
    return data


def save_trace(trace: Trace, path: Path) -> None:
    """Writes a trace as npz where the path ends so, as safetensors otherwise, whole or not at all."""
    from attncli.files import write_whole

    as_bytes = npz_bytes if path.suffix == ".npz" else safetensors_bytes
    with write_whole(path) as file:
        file.write(as_bytes(trace, list(trace.values())))


def _opened(path: Path) -> tuple[Checkpoint, str | None]:
    """The arrays of a file, and the document that is with them, if any."""
    if path.suffix == ".npz":
        from attncli.checkpoints.npz import NpzCheckpoint

        archive = NpzCheckpoint(path)
        return archive, str(archive.array(KEY)) if KEY in archive.names() else None
    from attncli.checkpoints.safetensors import SafetensorsCheckpoint

    file = SafetensorsCheckpoint([path], path)
    return file, file.metadata.get(KEY)


def load_trace(path: Path) -> Trace:
    """Reads a trace that was saved as safetensors or npz. Raises AttnError for any other file."""
    file, text = _opened(path)
    if text is None:
        raise AttnError(f"{path} is no trace.", "Trace.save writes one.")
    document = orjson.loads(text)
    stages = {}
    for f in document.pop("stages"):
        name = f["name"]
        labels = f.get("texts")
        stages[name] = Stage(
            name=name,
            values=file.array(name),
            axes=tuple(f["axes"]),
            symbol=f["symbol"],
            formula=f["formula"],
            meaning=f["meaning"],
            detail=f.get("detail", ""),
            layer=f["layer"],
            heads=None if f["heads"] is None else tuple(f["heads"]),
            rows=None if f["rows"] is None else tuple(f["rows"]),
            ids=file.array(f"{name}.ids") if "ids" in f else None,
            labels=None if labels is None else tuple(tuple(row) for row in labels),
        )
    schema, version = document.pop("schema"), document.pop("version")
    if "tokens" not in document:
        return Trace(stages=stages, schema=schema, version=version, parameters=document)
    model, tokens, target = document["model"], document["tokens"], document.get("target")
    return Trace(
        text=document["text"],
        model=None if model is None else ModelInfo(**model),
        tokens=None if tokens is None else _tokens(tokens, document["types"]),
        stages=stages,
        schema=schema,
        version=version,
        target=None if target is None else _tokens(target["tokens"], [0] * len(target["tokens"])),
        target_text=None if target is None else target["text"],
    )


def _tokens(records: list[dict[str, Any]], types: list[int]) -> Tokens:
    return Tokens(
        ids=tuple(r["id"] for r in records),
        texts=tuple(r["text"] for r in records),
        spans=tuple(None if r["start"] is None else (r["start"], r["end"]) for r in records),
        types=tuple(types),
    )
