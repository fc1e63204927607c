"""Describing a checkpoint from its config.json and the headers of its files; no tensor is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from attncli import story
from attncli.architecture.parameters import layer_and_expert, shapes
from attncli.architecture.spec import Spec
from attncli.architecture.traits import Traits, traits
from attncli.checkpoints import Checkpoint, Stored
from attncli.configs.tensors import Tensor
from attncli.errors import AttnError, UsageError
from attncli.language import N_
from attncli.model.seeding import SEEDED
from attncli.stages import offered


@dataclass(frozen=True)
class Fit:
    """How the tensors of a checkpoint fit the parameters of the model.

    `parameters`: how many numbers the tensors in use have; each tensor counts once. `missing`: tensors that the
    model needs, by the family's names. `unused`: tensors that the model does not use, with their shapes.
    `misfits`: messages about tensors whose shape does not fit config.json.
    """

    parameters: int
    missing: tuple[str, ...] = ()
    unused: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    misfits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """The description of a checkpoint.

    `stored`: its tensors, by the headers of its files. `sizes`: the sizes of its files in bytes. `tokenizer`: its
    kind, None where there is none. `spec` and `fit` are None if attn does not recognize the model. `refusal`: why
    attn would not trace the model, None where it would. `card`: the model card of the model that comes with attn.
    """

    name: str
    source: str
    family: str | None
    stored: tuple[Stored, ...]
    sizes: Mapping[Path, int]
    tokenizer: str | None
    spec: Spec | None = None
    fit: Fit | None = None
    refusal: AttnError | None = None
    card: Path | None = None

    def __repr__(self) -> str:
        """Description('story', llama, 39 tensors, 1,326,720 numbers)"""
        family = self.family or "no family"
        return f"Description({self.name!r}, {family}, {len(self.stored)} tensors, {self.numbers:,} numbers)"

    @cached_property
    def traits(self) -> Traits | None:
        return None if self.spec is None else traits(self.spec)

    @property
    def numbers(self) -> int:
        """How many numbers are stored, used or not."""
        return sum(math.prod(s.shape) for s in self.stored)

    def stages(self, prefix: str) -> list[str]:
        """The stages whose names begin with a prefix (`layers.0.`, `decoder.layers.3.`), without the prefix; for
        an empty prefix, the stages outside the layers."""
        names = [] if self.spec is None else offered(self.spec)
        if not prefix:
            return [name for name in names if "layers." not in name]
        return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def describe(source: str | Path, ignore_config: Sequence[str] = ()) -> Description:
    """Describes a checkpoint without reading its tensors: only config.json and the headers of its files.

    `source`: "story" for the model that comes with attn, a folder in Hugging Face layout, a .gguf file, a
    .safetensors or .npz file with one attention layer, or a name on the hub. `ignore_config`: unknown fields of
    config.json that do not change the numbers.

    A model that attn would refuse is described as far as the headers allow; `refusal` says why. Raises AttnError
    where there is no checkpoint, or its files are broken.
    """
    from attncli.model.loading import is_one_layer, located

    if source == SEEDED:
        raise UsageError(
            N_("seeded weights have no checkpoint to describe: every number is drawn from the seed."),
            N_("For a folder of that name: ./seeded"),
        )
    path = Path(source)
    if is_one_layer(source):
        return _one_layer(path)
    folder = located(source)
    return _whole_model(folder, folder.resolve().name if path.exists() else str(source), frozenset(ignore_config))


def _whole_model(path: Path, name: str, ignore: frozenset[str]) -> Description:
    from attncli.family import FORMER, family_of, spec_of
    from attncli.model.loading import open_checkpoint
    from attncli.model.weights import family_names

    family, spec, fit, refusal = None, None, None, None
    try:
        config, checkpoint, _ = open_checkpoint(path, ignore)
    except AttnError as error:
        checkpoint, refusal = _without_config(path, error), error
    else:
        kind = config.get("model_type", None)
        family = FORMER.get(kind, kind) if isinstance(kind, str) else None
        try:
            module = family_of(config)
            names = family_names(checkpoint, module.PREFIXES)
            spec = spec_of(module, config, names.__contains__)
            fit = _fit(spec, module.tensors(config), checkpoint, names)
            config.finish()
        except AttnError as error:
            refusal = error
    stored = tuple(checkpoint.stored())
    source, card = ("bundled", story.CARD) if path == story.FOLDER else (str(path), None)
    return Description(name, source, family, stored, _sizes(stored), _tokenizer(path), spec, fit, refusal, card)


def _without_config(path: Path, error: AttnError) -> Checkpoint:
    """The tensors of a folder whose config.json is missing or refused. Raises that error where it has no
    tensors."""
    from attncli.checkpoints.safetensors import open_safetensors

    try:
        return open_safetensors(path)
    except AttnError:
        raise error from None


def _one_layer(path: Path) -> Description:
    from attncli.checkpoints.one_layer import one_layer_spec, open_file

    checkpoint, spec, fit, refusal = open_file(path), None, None, None
    stored = tuple(checkpoint.stored())
    try:
        spec = one_layer_spec(checkpoint, {})
        fit = Fit(sum(math.prod(s.shape) for s in stored))
    except AttnError as error:
        refusal = error
    family = None if spec is None else spec.family
    return Description(path.name, str(path), family, stored, _sizes(stored), None, spec, fit, refusal)


def _fit(spec: Spec, tensors: Mapping[str, Tensor], checkpoint: Checkpoint, names: Mapping[str, str]) -> Fit:
    """Looks up every parameter of the Spec among the tensors, by name and shape."""
    from attncli.model.weights import CheckpointWeights

    weights = CheckpointWeights(spec, tensors, checkpoint, names)
    used: dict[str, None] = {}
    missing: dict[str, None] = {}
    misfits: dict[str, None] = {}
    for name, shape in shapes(spec):
        by_head = weights.kept_by_head(name)
        for head in range(shape[0] if by_head else 1):
            tensor, theirs, actual = weights.locate(name, str(head))
            if actual is None:
                missing[theirs] = None
                continue
            _, expert = layer_and_expert(name)
            if actual in used and expert not in ("", "0"):  # experts in one tensor are all alike
                continue
            used[actual] = None
            try:
                weights.check_shape(name, shape[1:] if by_head else shape, tensor, actual)
            except AttnError as error:
                misfits[error.message] = None
    unused = {name: checkpoint.shape(name) for name in checkpoint.names() if name not in used}
    count = sum(math.prod(checkpoint.shape(name)) for name in used)
    return Fit(count, tuple(missing), unused, tuple(misfits))


def _sizes(stored: Sequence[Stored]) -> dict[Path, int]:
    return {file: file.stat().st_size for file in sorted({s.file for s in stored})}


def _tokenizer(path: Path) -> str | None:
    from attncli.text.tokenizer_files import tokenizer_kind

    return "in the file" if path.is_file() else tokenizer_kind(path)
