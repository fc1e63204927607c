"""A trace: the stages of one forward pass, with the text, tokens and model they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attncli import stages as catalogue
from attncli.errors import nearest
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.version import __version__

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
    """Those of the stages to come, for renderers that must know before they begin."""
    target: Tokens | None = None
    target_text: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the file that it was loaded from which this attn does not know; `save` writes them again."""

    def __getitem__(self, name: str) -> Stage:
        """A stage by its full name, or by the end of it (`attn.weights`, `weights`) where only one stage has that.
        Raises KeyError for a name that none has, or several."""
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
        .json, where what is not finite is null. Raises UsageError for another ending, AttnError where it cannot be
        written."""
        from attncli.tracing.file import save_trace

        save_trace(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Trace:
        """Reads what `save` or `attn explain -o` wrote as .npz or .safetensors. Raises AttnError for a file that
        is not such a trace, or of a later attn that this one cannot read."""
        from attncli.tracing.file import load_trace

        return load_trace(Path(path))


def _listed(names: list[str]) -> str:
    """The first few names, and how many there are more."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
