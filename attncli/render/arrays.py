"""Traces as files of named arrays: npz and safetensors, which keep every bit of every number."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson

from attncli.checkpoints import Checkpoint
from attncli.errors import AttnError, UsageError
from attncli.render.document import encode, head_object, stage_facts, stage_object
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import ModelInfo, Trace
from attncli.tracing.unknown import unknown_fields, with_unknown

KEY = "attn"
"""The safetensors metadata field, and the npz array, that holds the document without its numbers."""


def arrays(stages: list[Stage]) -> dict[str, np.ndarray[Any, Any]]:
    """Each stage's values by its name; the ids of kept words as NAME.ids."""
    named: dict[str, np.ndarray[Any, Any]] = {s.name: np.ascontiguousarray(s.values) for s in stages}
    return named | {f"{s.name}.ids": np.ascontiguousarray(s.ids) for s in stages if s.ids is not None}


def facts(head: Trace, stages: list[Stage]) -> str:
    """The JSON document without the numbers, which are in the arrays."""
    return encode(with_unknown(_document(head, stages), dict(head.unknown))).decode()


def _document(head: Trace, stages: list[Stage]) -> dict[str, Any]:
    document = head_object(head) | {"stages": [stage_facts(s) for s in stages]}
    if head.tokens is not None:
        document["types"] = list(head.tokens.types)
    return document


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


def json_bytes(head: Trace, stages: list[Stage]) -> bytes:
    """The JSON document, numbers and all, as `attn explain --json` writes it."""
    document = head_object(head) | {"stages": [stage_object(s) for s in stages]}
    return encode(with_unknown(document, dict(head.unknown))) + b"\n"


SAVED: dict[str, Callable[[Trace, list[Stage]], bytes]] = {
    ".npz": npz_bytes,
    ".safetensors": safetensors_bytes,
    ".json": json_bytes,
}
"""What Trace.save writes, by the ending of the file's name."""


def save_trace(trace: Trace, path: Path) -> None:
    """Writes a trace as the ending of the path says, whole or not at all. Raises UsageError for another ending."""
    from attncli.files import write_whole

    as_bytes = SAVED.get(path.suffix.lower())
    if as_bytes is None:
        raise UsageError(f"cannot save a trace as {path.name}.", f"Name a file that ends in {', '.join(SAVED)}.")
    data = as_bytes(trace, list(trace.values()))
    with write_whole(path) as file:
        file.write(data)


def _opened(path: Path) -> tuple[Checkpoint, str | None]:
    """The arrays of a file, and the document that is with them, if any."""
    ending = path.suffix.lower()
    if ending == ".json":
        raise AttnError(
            f"{path} is JSON, which has no -inf.",
            "Trace.load reads .npz and .safetensors, which keep every number.",
        )
    if ending == ".npz":
        from attncli.checkpoints.npz import NpzCheckpoint

        archive = NpzCheckpoint(path)
        return archive, str(archive.array(KEY)) if KEY in archive.names() else None
    from attncli.checkpoints.safetensors import SafetensorsCheckpoint

    file = SafetensorsCheckpoint([path], path)
    return file, file.metadata.get(KEY)


SCHEMAS = ("attn.trace/1", "attn.pe/1")


def load_trace(path: Path) -> Trace:
    """Reads a trace that was saved as safetensors or npz. Fields that this version does not know are kept in
    `unknown`. Raises AttnError for any other file."""
    file, text = _opened(path)
    if text is None:
        raise AttnError(f"{path} is not a trace.", "Trace.save writes one.")
    try:
        document = orjson.loads(text)
        if (schema := document["schema"]) not in SCHEMAS:
            later = str(schema).startswith(("attn.trace/", "attn.pe/"))
            hint = "It is from a later attn: take that one." if later else "Trace.save writes a trace."
            raise AttnError(f"{path} holds {schema}, and a trace is {' or '.join(SCHEMAS)}.", hint)
        trace = _trace(document, file)
        if trace.parameters:
            return trace  # a formula's: all that is beside the stages are parameters
        known = _document(trace, list(trace.stages.values()))
        return replace(trace, unknown=unknown_fields(document, known))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise AttnError(f"{path} is not a trace that can be read: {error!r} in its document.") from error


def _trace(document: dict[str, Any], file: Checkpoint) -> Trace:
    stages = {facts["name"]: _stage(facts, file) for facts in document["stages"]}
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


def _stage(facts: dict[str, Any], file: Checkpoint) -> Stage:
    name, labels = facts["name"], facts.get("texts")
    return Stage(
        name=name,
        values=file.array(name),
        axes=tuple(facts["axes"]),
        symbol=facts["symbol"],
        formula=facts["formula"],
        meaning=facts["meaning"],
        detail=facts.get("detail", ""),
        layer=facts["layer"],
        heads=None if facts["heads"] is None else tuple(facts["heads"]),
        rows=None if facts["rows"] is None else tuple(facts["rows"]),
        ids=file.array(f"{name}.ids") if "ids" in facts else None,
        labels=None if labels is None else tuple(tuple(row) for row in labels),
    )


def _model(facts: dict[str, Any]) -> ModelInfo:
    known = {field.name for field in fields(ModelInfo)}
    return ModelInfo(**{name: value for name, value in facts.items() if name in known})


def _tokens(records: list[dict[str, Any]], types: list[int]) -> Tokens:
    return Tokens(
        ids=tuple(r["id"] for r in records),
        texts=tuple(r["text"] for r in records),
        spans=tuple(None if r["start"] is None else (r["start"], r["end"]) for r in records),
        types=tuple(types),
    )
