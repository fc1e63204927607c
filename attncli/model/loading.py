"""Loading a Model by what the user names: the story model, seeded weights, a Hugging Face folder or hub name, a
GGUF file, or a file with one attention layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from attncli import story
from attncli.architecture.parts import CAUSAL, EVERY_KEY, alibi, feed_forward, layer_norm, plain_rotary
from attncli.architecture.spec import Attention, Embed, Head, Layer, Spec, Stack
from attncli.errors import AttnError, UsageError, reason_of
from attncli.formula.positions import sinusoidal
from attncli.language import N_, listed
from attncli.model.model import Model
from attncli.model.request import ModelSource, checked_option, names
from attncli.model.seeding import DEFAULT_WIDTH, SEEDED, Spelling, seed_needed
from attncli.text.built_in_tokenizers import BUILT_IN, built_in
from attncli.text.tokenization import Tokenizer, deferred, without_tokenizer
from attncli.text.tokenizer_files import open_tokenizer
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    from attncli.checkpoints import Checkpoint
    from attncli.configs.fields import Config

FloatType: TypeAlias = type[np.float32] | type[np.float64]
PYTHON = Spelling(
    lambda given: ", ".join(f"{name}={value!r}" for name, value in given.items()),
    "seed",
    lambda name, number: f"trace(…, {name}s={number})",
)
OPAQUE_IDS = 1 << 18
"""The largest vocabulary of seeded weights where the input is ids, without a tokenizer."""


@dataclass(frozen=True)
class Shape:
    """The shape of a seeded model. None: d_ff is 4 d_model, kv_heads equals heads."""

    d_model: int = DEFAULT_WIDTH
    layers: int = 2
    heads: int = 2
    kv_heads: int | None = None
    d_ff: int | None = None
    positions: str = "sinusoidal"
    causal: bool = True


def load(source: ModelSource) -> Model:
    """The model that a request names. Raises AttnError, and UsageError for options that do not go together."""
    return load_model(**{field.name: getattr(source, field.name) for field in fields(source)})


def load_model(
    source: str | Path | None = None,
    *,
    seed: int | None = None,
    d_model: int | None = None,
    layers: int | None = None,
    heads: int | None = None,
    kv_heads: int | None = None,
    d_ff: int | None = None,
    positions: str | None = None,
    causal: bool | None = None,
    tokenizer: str | Path | None = None,
    dtype: DTypeLike = "float32",
    ignore_config: str | Iterable[str] = (),
    adapter: str | Path | None = None,
) -> Model:
    """Loads a model. Its tensors are read when a trace needs them.

    `source`: "story" for the trained model that comes with attn; a folder in Hugging Face layout (config.json,
    safetensors); a .gguf file, which needs the extra `gguf`; a .safetensors or .npz file with one attention layer
    (w_q, w_k, w_v, …); "seeded" for seeded weights; or a name on the hub, which is first looked up in the local
    cache. None: seeded weights if `seed` is given, else the story model.

    `seed` and the shape options (`d_model` … `causal`) describe seeded weights; None: seed 0, and the default of
    `Shape`. For a file with one layer, `seed`, `heads`, `kv_heads`, `positions` and `causal` say what the file
    cannot.
    `tokenizer`: words, chars, bytes, or the path of a tokenizer; None: that of the checkpoint, or words. `dtype`:
    the type of the arithmetic. `ignore_config`: unknown fields of config.json that do not change the numbers.
    `adapter`: the folder of a LoRA adapter, or its name on the hub; it is merged into the weights of a checkpoint
    when they are read.

    Raises AttnError for a checkpoint that cannot be used, UsageError for options that do not go together.
    """
    given: dict[str, Any] = {
        "seed": seed, "d_model": d_model, "layers": layers, "heads": heads, "kv_heads": kv_heads, "d_ff": d_ff,
        "positions": positions, "causal": causal,
    }  # fmt: skip
    options = {name: checked_option(name, value) for name, value in given.items() if value is not None}
    dtype, ignored = float_type(dtype), names("ignore_config", ignore_config or None) or ()
    if adapter is not None and (source in (None, SEEDED) or is_one_layer(source)):
        raise UsageError(
            N_("--adapter goes with the --model it was trained on: a folder, a .gguf file or a name on the hub.")
        )
    if source is None and seed is None:
        asked = options if tokenizer is None else options | {"tokenizer": str(tokenizer)}
        if asked:
            raise seed_needed(asked, PYTHON)
        source = story.NAME
    if ignored and (source in (None, SEEDED) or is_one_layer(source)):
        raise UsageError(N_("--ignore-config is for a model with a config.json, which this one does not have."))
    if source in (None, SEEDED):
        return _seeded(options.pop("seed", 0), Shape(**options), tokenizer, dtype)
    if is_one_layer(source):
        return _one_layer(Path(source), options, tokenizer, dtype)
    if options:
        name = next(iter(options)).replace("_", "-")
        flag = {"causal": "--causal/--bidirectional"}.get(name, f"--{name}")
        raise UsageError(
            N_("{flag} is for seeded weights; {source} has its own.", flag=flag, source=source),
            _instead(name, options),
        )
    return _checkpoint(located(source), str(source), tokenizer, dtype, frozenset(ignored), adapter)


def _instead(name: str, options: dict[str, Any]) -> str:
    """What the user of a shape option of seeded weights may have meant, where a checkpoint has its own shape."""
    if name not in ("layers", "heads"):
        return N_("Leave out one of the two.")
    return N_("To choose one: --{one} {number}", one=name.removesuffix("s"), number=options[name])


def float_type(dtype: DTypeLike) -> FloatType:
    """float32 or float64, by numpy's names for them or its types. Raises UsageError for any other."""
    known: dict[np.dtype[Any], FloatType] = {np.dtype(np.float32): np.float32, np.dtype(np.float64): np.float64}
    try:
        found = None if dtype is None else known.get(np.dtype(dtype))
    except TypeError:
        found = None
    if found is None:
        raise UsageError(N_("dtype {dtype!r}: attn computes in float32 or float64.", dtype=dtype))
    return found


def is_one_layer(source: str | Path) -> bool:
    """Whether a path is a file with one attention layer rather than a whole model."""
    path = Path(source)
    return source not in (story.NAME, SEEDED) and path.is_file() and path.suffix != ".gguf"


def located(source: str | Path) -> Path:
    """The path of a whole model: in the package for the name `story` (a folder of that name is `./story`), else
    the path itself, or the folder in the local cache for a name on the hub.

    Raises UsageError and AttnError as `checkpoints.hub.fetch` does."""
    if source == story.NAME:
        return story.FOLDER
    if not str(source):
        raise UsageError(
            N_("the name of the model is empty."),
            N_("Give a folder, a file or a name on the hub, or leave out -m."),
        )
    path = Path(source)
    if path.exists():
        return path
    from attncli.checkpoints.hub import fetch

    return fetch(str(source))


# ------------------------------------------------------------------ seeded


def _seeded(seed: int, shape: Shape, tokenizer: str | Path | None, dtype: FloatType) -> Model:
    from attncli.checkpoints.seeded import SeededWeights

    chosen = _tokenizer(tokenizer or "words")
    spec = _seeded_spec(shape, chosen.size or 0)
    weights = SeededWeights(spec, seed, str, dtype)
    return Model("seeded", f"seed {seed}", spec, weights, chosen, _bind_seeded)


def _bind_seeded(model: Model, tokens: Tokens) -> Model:
    """The model with the vocabulary of a text: its own words for an open tokenizer, or its ids for plain ids."""
    from attncli.checkpoints.seeded import SeededWeights

    chosen = model.tokenizer
    assert isinstance(model.weights, SeededWeights)
    assert chosen is not None
    if chosen.size is not None:
        word, vocab = chosen.name, chosen.size
    elif tokens.vocabulary is not None:
        word, vocab = tokens.vocabulary.__getitem__, len(tokens.vocabulary)
    else:
        word, vocab = str, _opaque_vocabulary(tokens)
    spec = replace(model.spec, vocab=vocab)
    return replace(model, spec=spec, weights=replace(model.weights, spec=spec, word=word))


def _opaque_vocabulary(tokens: Tokens) -> int:
    """The size of the vocabulary for plain ids, without a tokenizer: just above the largest of them."""
    return min(max(tokens.ids, default=0) + 1, OPAQUE_IDS)


def _seeded_spec(shape: Shape, vocab: int) -> Spec:
    kv_heads = shape.heads if shape.kv_heads is None else shape.kv_heads
    d_head = _quotient("--d-model", shape.d_model, "--heads", shape.heads)
    _quotient("--heads", shape.heads, "--kv-heads", kv_heads)
    if shape.positions == "sinusoidal" and shape.d_model % 2:
        raise UsageError(
            N_("sinusoidal positions need an even --d-model; {d_model} is odd.", d_model=shape.d_model),
            N_("Use an even --d-model, or other --positions."),
        )
    if shape.positions == "rotary" and d_head % 2:
        raise UsageError(
            N_("rotary positions need an even head size; --d-model / --heads = {d_head} is odd.", d_head=d_head),
            N_("Use an even --d-model / --heads, or other --positions."),
        )
    attn = Attention(
        shape.heads, kv_heads, d_head, d_head**-0.5, CAUSAL if shape.causal else EVERY_KEY,
        rotary=plain_rotary(d_head) if shape.positions == "rotary" else None,
        bias=alibi(shape.heads) if shape.positions == "alibi" else None,
    )  # fmt: skip
    normed = layer_norm(1e-5, weight=False, bias=False)
    mlp = feed_forward(4 * shape.d_model if shape.d_ff is None else shape.d_ff, "relu")
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    embed = Embed(shape.positions, shape.d_model, table=sinusoidal if shape.positions == "sinusoidal" else None)
    return Spec("seeded", shape.d_model, vocab, (Stack(embed, (layer,) * shape.layers, normed),), Head(tied=True))


def _quotient(option: str, total: int, divisor_option: str, divisor: int) -> int:
    """total / divisor. Raises UsageError, naming both options, where the division leaves a remainder."""
    if total % divisor:
        divisors = [str(d) for d in range(1, total + 1) if total % d == 0]
        raise UsageError(
            N_(
                "{option} {total} is not divisible by {divisor_option} {divisor}.",
                option=option,
                total=total,
                divisor_option=divisor_option,
                divisor=divisor,
            ),
            N_("{divisor_option} can be {names}.", divisor_option=divisor_option, names=listed(*divisors[:12])),
        )
    return total // divisor


# ------------------------------------------------------------------ a Hugging Face folder, or a GGUF file


def _checkpoint(
    path: Path,
    name: str,
    tokenizer: str | Path | None,
    dtype: FloatType,
    ignore: frozenset[str],
    adapter: str | Path | None,
) -> Model:
    from attncli.family import family_of, spec_of
    from attncli.model.weights import CheckpointWeights, family_names

    config, checkpoint, own = open_checkpoint(path, ignore)
    family = family_of(config)
    if adapter is not None:
        checkpoint = _adapted(checkpoint, adapter)
    names = family_names(checkpoint, family.PREFIXES)
    spec = spec_of(family, config, names.__contains__)
    config.finish()
    if tokenizer in ("words", "chars"):
        raise UsageError(
            N_(
                "--tokenizer {tokenizer} is for seeded weights: it numbers the words of the sentence itself.",
                tokenizer=tokenizer,
            ),
            N_("{name} needs the ids of its own vocabulary. To give these directly, use --ids.", name=name),
        )
    chosen = _tokenizer(tokenizer) if tokenizer else deferred(own)
    weights = CheckpointWeights(spec, family.tensors(config), checkpoint, names, dtype)
    shown = path.name if Path(name).exists() else name
    if adapter is not None:
        shown += f" + {Path(adapter).name if Path(adapter).exists() else adapter}"
    if path == story.FOLDER:
        return Model(story.NAME, "bundled", spec, weights, chosen, layer=story.LAYER)
    return Model(shown, str(path), spec, weights, chosen)


def open_checkpoint(path: Path, ignore: frozenset[str]) -> tuple[Config, Checkpoint, Callable[[], Tokenizer]]:
    """The config, the tensors, and a function that opens the tokenizer."""
    from attncli.configs.fields import Config

    if path.is_file():
        from attncli.checkpoints.gguf import open_gguf

        model = open_gguf(path)
        return Config(dict(model.config), path, ignore), model.checkpoint, model.tokenizer
    from attncli.checkpoints.quantized import dequantized
    from attncli.checkpoints.safetensors import open_safetensors

    config = Config(_config_fields(path / "config.json"), path / "config.json", ignore)
    quantization = config.get("quantization_config", config.get("quantization", None))
    checkpoint = dequantized(open_safetensors(path), quantization, config.file)
    return config, checkpoint, lambda: own_tokenizer(path)


def _adapted(checkpoint: Checkpoint, adapter: str | Path) -> Checkpoint:
    from attncli.checkpoints.lora import merged, open_adapter

    folder = Path(adapter)
    if not folder.is_dir():
        from attncli.checkpoints.hub import fetch_adapter

        folder = fetch_adapter(str(adapter))
    return merged(checkpoint, open_adapter(folder))


def own_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in the folder of a checkpoint, or one that takes only ids."""
    return open_tokenizer(folder) or without_tokenizer(str(folder))


def _config_fields(file: Path) -> dict[str, Any]:
    from attncli.files import json_object

    try:
        return json_object(file.read_bytes(), file)
    except FileNotFoundError:
        from attncli.checkpoints.folders import not_a_model

        raise not_a_model(file.parent) from None
    except OSError as error:
        raise AttnError(N_("cannot read {file}: {reason}", file=file, reason=reason_of(error))) from error


# ------------------------------------------------------------------ a file with one attention layer


def _one_layer(path: Path, options: dict[str, Any], tokenizer: str | Path | None, dtype: FloatType) -> Model:
    from attncli.checkpoints.one_layer import OneLayerWeights, one_layer_spec, open_file

    for name in options:
        if name not in ("seed", "heads", "kv_heads", "causal", "positions"):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                N_("{flag} does not apply: {path} has its own.", flag=flag, path=path), N_("Leave the option out.")
            )
    checkpoint = open_file(path)
    spec = one_layer_spec(checkpoint, options)
    if "seed" in options and "embedding" in checkpoint.names():
        raise UsageError(
            N_("--seed would have no effect: {path} has an embedding, so nothing is drawn.", path=path),
            N_("Leave it out."),
        )
    chosen = _tokenizer(tokenizer or "words")
    weights = OneLayerWeights(spec, checkpoint, options.get("seed", 0), str, dtype)
    return Model(path.name, str(path), spec, weights, chosen, _bind_one_layer)


def _bind_one_layer(model: Model, tokens: Tokens) -> Model:
    """The model with the vocabulary of a text. Without an embedding in the file, its words have seeded vectors;
    with one, they are the rows of the embedding."""
    from attncli.checkpoints.one_layer import OneLayerWeights, check_words

    assert isinstance(model.weights, OneLayerWeights)
    assert model.tokenizer is not None
    if model.weights.has_embedding:
        check_words(tokens.vocabulary or (), model.spec.vocab, model.name)
        return model
    open_words = tokens.vocabulary is not None
    word = tokens.vocabulary.__getitem__ if tokens.vocabulary is not None else model.tokenizer.name
    vocab = len(tokens.vocabulary or ()) if open_words else model.tokenizer.size or _opaque_vocabulary(tokens)
    spec = replace(model.spec, vocab=vocab)
    return replace(model, spec=spec, weights=replace(model.weights, spec=spec, word=word))


def _tokenizer(choice: str | Path) -> Tokenizer:
    if str(choice) in BUILT_IN:
        return built_in(str(choice))
    path = Path(choice)
    if not path.exists():
        raise UsageError(
            N_(
                "there is no tokenizer {choice!r}: it is not one of {built_in}, nor a file or folder.",
                choice=str(choice),
                built_in=listed(*BUILT_IN),
            )
        )
    found = open_tokenizer(path)
    if found is None:
        raise AttnError(N_("{path} has no tokenizer.json, vocab.json + merges.txt or vocab.txt.", path=path))
    return found
