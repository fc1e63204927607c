"""A single attention layer in a .safetensors or .npz file: w_q, w_k, w_v and optionally w_o, b_q, b_k, b_v, b_o,
embedding, positions. Matrices are [in, out], as in X W."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.architecture.parts import CAUSAL, EVERY_KEY, alibi, plain_rotary
from attncli.architecture.spec import Attention, Embed, Layer, Spec, Stack
from attncli.checkpoints import Checkpoint
from attncli.checkpoints.safetensors import PICKLES
from attncli.checkpoints.seeded import all_columns, normal
from attncli.errors import AttnError, UsageError
from attncli.formula.positions import sinusoidal
from attncli.formula.types import Array, Index
from attncli.language import N_, listed

ARRAYS = ("w_q", "w_k", "w_v", "w_o", "b_q", "b_k", "b_v", "b_o", "embedding", "positions")
_ARRAYS_OF = {
    "layers.0.attn.q": ("w_q", "b_q"),
    "layers.0.attn.k": ("w_k", "b_k"),
    "layers.0.attn.v": ("w_v", "b_v"),
    "layers.0.attn.output": ("w_o", "b_o"),
}


def open_file(path: Path) -> Checkpoint:
    """The arrays of a .safetensors or .npz file. Raises AttnError for anything else."""
    if path.suffix == ".npz":
        from attncli.checkpoints.npz import NpzCheckpoint

        return NpzCheckpoint(path)
    if path.suffix == ".safetensors":
        from attncli.checkpoints.safetensors import SafetensorsCheckpoint

        return SafetensorsCheckpoint([path], path)
    if path.suffix in PICKLES:
        raise AttnError(
            N_("{path} is a pickle: loading it could run any code, so attn refuses.", path=path),
            N_("Save it as safetensors: safetensors.torch.save_file(state_dict, 'model.safetensors')."),
        )
    raise AttnError(
        N_("{path} is not a model: a model is a folder, or a .gguf, .safetensors or .npz file.", path=path)
    )


def one_layer_spec(checkpoint: Checkpoint, options: dict[str, Any]) -> Spec:
    """The shapes of the layer, from its arrays and the options for what these do not determine (heads, mask).

    Raises AttnError for arrays that do not fit together, UsageError for options that do not fit them."""
    source, names = checkpoint.source, set(checkpoint.names())
    if missing := [n for n in ARRAYS[:3] if n not in names]:
        hint = N_(
            "A file with one attention layer has w_q, w_k, w_v and optionally {names}.",
            names=listed(*ARRAYS[3:]),
        )
        if any(n.endswith(".weight") for n in names):
            hint = N_("{text} {following}", text=hint, following=N_("For a whole model, give its folder."))
        raise AttnError(
            N_("{source} has no array {missing}.", source=source, missing=missing[0]),
            hint,
        )
    if unknown := sorted(names - set(ARRAYS)):
        raise AttnError(
            N_("{source}: unknown array {unknown}.", source=source, unknown=unknown[0]),
            N_("Known: {arrays}.", arrays=listed(*ARRAYS)),
        )

    for name in names:
        checkpoint.check(name)

    def matrix(name: str) -> tuple[int, int]:
        shape = checkpoint.shape(name)
        if len(shape) != 2 or 0 in shape:
            raise AttnError(
                N_(
                    "{source}: {name} has shape {shape}; it must be a matrix [in, out].",
                    source=source,
                    name=name,
                    shape=list(shape),
                )
            )
        return shape[0], shape[1]

    d_model, width = matrix("w_q")
    heads = options.get("heads", 1)
    if width % heads:
        raise UsageError(
            N_("w_q has {width} columns; {width} is not divisible by --heads {heads}.", width=width, heads=heads)
        )
    d_head = width // heads
    kv_width, value_width = matrix("w_k")[1], matrix("w_v")[1]
    if kv_width % d_head:
        raise AttnError(
            N_(
                "{source}: w_k has {kv_width} columns; {kv_width} is not a multiple of the head size {d_head}.",
                source=source,
                kv_width=kv_width,
                d_head=d_head,
            )
        )
    kv_heads = options.get("kv_heads", kv_width // d_head)
    if kv_heads * d_head != kv_width or heads % kv_heads or value_width % kv_heads:
        raise UsageError(
            N_(
                "w_k {keys} and w_v {values} do not fit {kv_heads} key and value heads of size {d_head} "
                "for {heads} heads.",
                keys=list(matrix("w_k")),
                values=list(matrix("w_v")),
                kv_heads=kv_heads,
                d_head=d_head,
                heads=heads,
            ),
            N_("Set --heads (and --kv-heads) to the numbers of the layer."),
        )
    d_value = value_width // kv_heads
    output_width = matrix("w_o")[1] if "w_o" in names else heads * d_value
    expected = {
        "w_k": (d_model, kv_width), "w_v": (d_model, value_width), "w_o": (heads * d_value, output_width),
        "b_q": (width,), "b_k": (kv_width,), "b_v": (value_width,), "b_o": (output_width,),
    }  # fmt: skip
    for name, shape in expected.items():
        if name in names and checkpoint.shape(name) != shape:
            raise AttnError(
                N_(
                    "{source}: {name} has shape {stored}; it must be {expected}.",
                    source=source,
                    name=name,
                    stored=list(checkpoint.shape(name)),
                    expected=list(shape),
                )
            )
    if "b_o" in names and "w_o" not in names:
        raise AttnError(N_("{source} has b_o, but no w_o.", source=source))
    for name in ("embedding", "positions"):
        if name in names and matrix(name)[1] != d_model:
            raise AttnError(
                N_(
                    "{source}: {name} has rows of {width} numbers; w_q needs {d_model}.",
                    source=source,
                    name=name,
                    width=matrix(name)[1],
                    d_model=d_model,
                )
            )
    if "positions" in names and options.get("positions", "learned") != "learned":
        raise UsageError(
            N_(
                "{source} has its own positions, so --positions {positions} does not apply.",
                source=source,
                positions=options["positions"],
            )
        )
    positions = "learned" if "positions" in names else options.get("positions", "none")
    if positions == "learned" and "positions" not in names:
        raise UsageError(N_("--positions learned needs an array named positions in {source}.", source=source))
    if (positions == "rotary" and d_head % 2) or (positions == "sinusoidal" and d_model % 2):
        raise UsageError(
            N_(
                "--positions {positions} needs an even size; d_model is {d_model}, d_head {d_head}.",
                positions=positions,
                d_model=d_model,
                d_head=d_head,
            )
        )
    rows = checkpoint.shape("positions")[0] if "positions" in names else 0
    attn = Attention(
        heads, kv_heads, d_head, d_head**-0.5, CAUSAL if options.get("causal", False) else EVERY_KEY, d_value,
        qkv_bias=frozenset(n[-1] for n in names if n in ("b_q", "b_k", "b_v")),
        output="w_o" in names,
        output_bias="b_o" in names,
        rotary=plain_rotary(d_head) if positions == "rotary" else None,
        bias=alibi(heads) if positions == "alibi" else None,
    )  # fmt: skip
    embed = Embed(positions, d_model, rows or None, rows, table=sinusoidal if positions == "sinusoidal" else None)
    vocab = checkpoint.shape("embedding")[0] if "embedding" in names else 0
    return Spec("layer", d_model, vocab, (Stack(embed, (Layer("attention_only", attn),)),))


def check_words(words: Sequence[str], rows: int, name: str) -> None:
    """Raises UsageError for more different words than the embedding of the file has rows: each word is a row, in
    the order in which they appear."""
    if len(words) <= rows:
        return
    example = ",".join(map(str, range(min(3, rows))))
    hint = N_("Each different word is a row. Give the rows themselves: --ids {example}", example=example)
    if "-" in words:
        hint = N_("A hyphen splits a word: write x_1 for x-1, or give the rows: --ids {example}", example=example)
    raise UsageError(
        N_(
            "the sentence has {count} different words ({words}), and the embedding of {name} has {rows} rows.",
            count=len(words),
            words=" ".join(words[:8]),
            name=name,
            rows=rows,
        ),
        hint,
    )


@dataclass(frozen=True)
class OneLayerWeights:
    """The arrays of the file. Without an embedding in it, words have seeded vectors."""

    spec: Spec
    checkpoint: Checkpoint
    seed: int
    word: Callable[[int], str]
    dtype: type[np.floating[Any]] = np.float32

    @property
    def has_embedding(self) -> bool:
        return "embedding" in self.checkpoint.names()

    def __call__(self, name: str) -> Array | None:
        linear, _, kind = name.rpartition(".")
        if linear not in _ARRAYS_OF:
            return None
        array = _ARRAYS_OF[linear][0 if kind == "weight" else 1]
        return self._converted(self.checkpoint.array(array)) if array in self.checkpoint.names() else None

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        return all_columns(self(name), name)

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        if name == "embed.positions.weight":
            return self._converted(self.checkpoint.rows("positions", [int(i) for i in ids]))
        if self.has_embedding:
            return self._converted(self.checkpoint.rows("embedding", [int(i) for i in ids]))
        drawn = [normal(self.seed, f"{name}/{self.word(int(i))}", (self.spec.d_model,)) for i in ids]
        return np.stack(drawn).astype(self.dtype)

    def _converted(self, stored: NDArray[Any]) -> Array:
        return stored.astype(self.dtype, copy=False)
