"""A trace: the stages of one forward pass, with the text, tokens and model they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attncli import stages as catalogue
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.version import __version__


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
    """Those of the stages to come, for renderers that must know before they begin."""
    target: Tokens | None = None
    target_text: str | None = None

    def __getitem__(self, name: str) -> Stage:
        return self.stages[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def tokens_along(self, stage: Stage, axis: str) -> Tokens | None:
        """The tokens that an axis of a stage (`position`, `query`, `key`, …) runs over: of an encoder's stages,
        and of the keys and values of cross-attention, the source's; of all else the target's, if there is one."""
        if self.target is None or stage.name.startswith("encoder."):
            return self.tokens
        crossed = catalogue.relative(stage.name).startswith("cross.")
        of_keys = axis in ("key", "key_or_sink") or catalogue.entry_of(stage.name).of_keys
        return self.tokens if crossed and of_keys else self.target

    def save(self, path: str | Path) -> None:
        """Writes the whole trace as .safetensors or .npz, by the ending of `path`; `Trace.load` reads it back.
        Raises AttnError for another ending, or where the file cannot be written."""
        from attncli.tracing.file import save_trace

        save_trace(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Trace:
        """Reads what `save` (or `attn explain -o` with either ending) wrote. Raises AttnError."""
        from attncli.tracing.file import load_trace

        return load_trace(Path(path))
