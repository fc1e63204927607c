"""A trace: the stages of one forward pass, with the text, tokens and model they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import orjson

from attncli import stages as catalogue
from attncli.errors import AttnError, UsageError, alternatives, nearest
from attncli.files import encode, npz_bytes, safetensors_bytes, write_whole
from attncli.language import N_, listed
from attncli.text.tokens import Tokens
from attncli.tracing.document import Arrays, arrays, stage_facts, stage_from, stage_object, tokens_from
from attncli.tracing.file import read
from attncli.tracing.stage import Stage
from attncli.tracing.unknown import unknown_fields, with_unknown
from attncli.version import __version__

SCHEMAS = ("attn.trace/1", "attn.pe/1")
"""The schemas of documents that are traces."""
SHOWN = 20
"""How many stages `repr` of a trace shows at most."""


@dataclass(frozen=True)
class ModelInfo:
    """What the JSON says of a model."""

    name: str
    family: str
    source: str
    layers: int
    heads: int
    kv_heads: int
    d_model: int
    d_head: int
    vocab: int
    positions: str
    causal: bool
    encoder_layers: int = 0
    """0: it has no encoder; else `layers` are the decoder's."""


@dataclass(frozen=True, eq=False)
class Trace(Mapping[str, Stage]):
    """An ordered collection of stages, with the text, tokens and model they came from; of an encoder-decoder also
    the target's text, and the tokens that its decoder reads."""

    text: str | None = None
    model: ModelInfo | None = None
    tokens: Tokens | None = None
    stages: dict[str, Stage] = field(default_factory=dict)
    schema: str = "attn.trace/1"
    version: str = __version__
    parameters: dict[str, Any] = field(default_factory=dict)
    axes: tuple[str, ...] = ()
    """The axes of the stages to come, for renderers that need them before they begin."""
    target: Tokens | None = None
    target_text: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the file that it was loaded from which this attn does not know; `save` writes them again."""

    def __getitem__(self, name: str) -> Stage:
        """A stage by its full name, or by the end of it (`attn.weights`, `weights`) if only one stage matches.
        Raises KeyError if none or several match."""
        found = self._named(name)
        if len(found) == 1:
            return self.stages[found[0]]
        if found:
            raise KeyError(f"{name!r} is several stages: {_listed(found)}.")
        known = dict.fromkeys(catalogue.relative(full) for full in self.stages)
        raise KeyError(f"no stage {name!r} in this trace. {nearest(str(name), known)}")

    def __contains__(self, name: object) -> bool:
        return len(self._named(name)) == 1

    def _named(self, name: object) -> list[str]:
        """The full names that a name, or the end of one, may mean."""
        return [str(name)] if name in self.stages else [full for full in self.stages if full.endswith(f".{name}")]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __repr__(self) -> str:
        """The model, the text, and the stages with their shapes, on one screen."""
        model = "" if self.model is None else f" of {self.model.name} ({self.model.family})"
        text = "" if self.text is None else f": {_shortened(repr(self.text))}"
        shown = [f"  {stage.name} {stage.shape_text} {stage.values.dtype}" for stage in self.stages.values()]
        more = [f"  … {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []
        return "\n".join([f"Trace{model}{text}, {len(shown)} stages", *shown[:SHOWN], *more])

    def tokens_along(self, stage: Stage, axis: str) -> Tokens | None:
        """The tokens that an axis of a stage (`position`, `query`, `key`, …) runs over: of an encoder's stages,
        and of the keys and values of cross-attention, the source's; of all else the target's, if there is one."""
        if self.target is None or stage.name.startswith("encoder."):
            return self.tokens
        crossed = catalogue.relative(stage.name).startswith("cross.")
        of_keys = axis in ("key", "key_or_sink") or catalogue.entry_of(stage.name).of_keys
        return self.tokens if crossed and of_keys else self.target

    def save(self, path: str | Path) -> None:
        """Writes the whole trace; the ending says how: .npz or .safetensors, which `Trace.load` reads back, or
        .json, where what is not finite is null. Raises UsageError for another ending, AttnError where it cannot
        be written."""
        file, stages = Path(path), list(self.stages.values())
        as_bytes = SAVED.get(file.suffix.lower())
        if as_bytes is None:
            hint = N_("Name a file that ends in {endings}.", endings=listed(*SAVED))
            raise UsageError(N_("cannot save a trace as {name}.", name=file.name), hint)
        data = as_bytes(self, stages)
        with write_whole(file) as output:
            output.write(data)

    @staticmethod
    def load(path: str | Path) -> Trace:
        """Reads what `save` or `attn explain -o` wrote as .npz or .safetensors; fields that this version does not
        know are kept in `unknown`. Raises AttnError for a file that is not such a trace, or of a later attn that
        this one cannot read."""
        stored, text = read(Path(path))
        if text is None:
            raise AttnError(N_("{path} is not a trace.", path=path), N_("Trace.save writes one."))
        try:
            document = orjson.loads(text)
            if (schema := document["schema"]) not in SCHEMAS:
                newer = str(schema).startswith(("attn.trace/", "attn.pe/"))
                hint = N_("A newer attn wrote it; update attn.") if newer else N_("Trace.save writes a trace.")
                raise AttnError(
                    N_(
                        "{path} holds {schema}, but a trace is {schemas}.",
                        path=path,
                        schema=schema,
                        schemas=alternatives(SCHEMAS),
                    ),
                    hint,
                )
            trace = _trace(document, stored)
            if trace.parameters:
                return trace  # of a formula: every field beside the stages is a parameter
            known = _document(trace, list(trace.stages.values()))
            return replace(trace, unknown=unknown_fields(document, known))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise AttnError(
                N_("{path} is not a trace that can be read: {error!r} in its document.", path=path, error=error)
            ) from error


def _listed(names: list[str]) -> str:
    """The first few names, and how many there are more."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


# ------------------------------------------------------------------ to and from documents


def head_object(head: Trace) -> dict[str, Any]:
    """Everything but the stages."""
    document: dict[str, Any] = {"schema": head.schema, "version": head.version}
    if head.parameters:
        return document | head.parameters
    document |= {
        "text": head.text,
        "model": None if head.model is None else _model(head.model),
        "tokens": None if head.tokens is None else head.tokens.records(),
    }
    if head.target is not None:
        document["target"] = {"text": head.target_text, "tokens": head.target.records()}
    return document


def _model(model: ModelInfo) -> dict[str, Any]:
    """The facts of a model; those of an encoder only where there is one."""
    facts = asdict(model)
    if not model.encoder_layers:
        del facts["encoder_layers"]
    return facts


def _document(head: Trace, stages: Sequence[Stage]) -> dict[str, Any]:
    """The document beside the arrays of a trace."""
    document = head_object(head) | {"stages": [stage_facts(stage) for stage in stages]}
    if head.tokens is not None:
        document["types"] = list(head.tokens.types)
    return document


def _facts(head: Trace, stages: Sequence[Stage]) -> str:
    return encode(with_unknown(_document(head, stages), dict(head.unknown))).decode()


def _json_bytes(head: Trace, stages: Sequence[Stage]) -> bytes:
    """The JSON document, numbers and all, as `attn explain --json` writes it."""
    document = head_object(head) | {"stages": [stage_object(stage) for stage in stages]}
    return encode(with_unknown(document, dict(head.unknown))) + b"\n"


SAVED: dict[str, Callable[[Trace, Sequence[Stage]], bytes]] = {
    ".npz": lambda head, stages: npz_bytes(arrays(stages), _facts(head, stages)),
    ".safetensors": lambda head, stages: safetensors_bytes(arrays(stages), _facts(head, stages)),
    ".json": _json_bytes,
}
"""What Trace.save writes, by the ending of the file's name."""


def _trace(document: dict[str, Any], stored: Arrays) -> Trace:
    stages = {record["name"]: stage_from(record, stored) for record in document["stages"]}
    schema, version = document["schema"], document["version"]
    if "tokens" not in document:
        parameters = {k: v for k, v in document.items() if k not in ("schema", "version", "stages")}
        return Trace(stages=stages, schema=schema, version=version, parameters=parameters)
    model, tokens, target = document["model"], document["tokens"], document.get("target")
    return Trace(
        text=document["text"],
        model=None if model is None else _model_from(model),
        tokens=None if tokens is None else tokens_from(tokens, document["types"]),
        stages=stages,
        schema=schema,
        version=version,
        target=None if target is None else tokens_from(target["tokens"], [0] * len(target["tokens"])),
        target_text=None if target is None else target["text"],
    )


def _model_from(record: dict[str, Any]) -> ModelInfo:
    known = {field.name for field in fields(ModelInfo)}
    return ModelInfo(**{name: value for name, value in record.items() if name in known})
