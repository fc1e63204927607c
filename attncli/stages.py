"""The catalogue: each stage's name, symbol, formula, axes and one-line meaning, and how stages are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from attncli.errors import UsageError, nearest
from attncli.spec import Spec

Rule = Callable[[Spec], str]
ROWS, HIDDEN, VOCAB = ("position", "d_model"), ("position", "d_ff"), ("position", "vocab")
QUERY, KEY, VALUE = (
    ("head", "position", "d_head"),
    ("kv_head", "position", "d_head"),
    ("kv_head", "position", "d_head"),
)
SQUARE, MIXED = ("head", "query", "key"), ("head", "query", "d_head")


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue. `formula` and `when` look at the Spec, for models differ."""

    name: str
    symbol: str
    axes: tuple[str, ...]
    formula: Rule
    meaning: str
    when: Callable[[Spec], bool] = lambda spec: True
    detail: Rule = lambda spec: ""


def _bias(letter: str) -> Callable[[Spec], str]:
    return lambda spec: f" + b_{letter.upper()}" if letter in spec.qkv_bias else ""


def _projection(letter: str) -> Rule:
    return lambda spec: f"{letter.upper()} = {_input(spec)} W_{letter.upper()}{_bias(letter)(spec)}"


def _input(spec: Spec) -> str:
    return "N" if spec.block == "pre_norm" else "X"


def _embed(spec: Spec) -> str:
    parts = ["E"]
    if spec.positions in ("learned", "sinusoidal"):
        parts.append("P")
    if spec.types:
        parts.append("T")
    total = " + ".join(parts)
    return f"X = {spec.norm_name}({total})" if spec.embed_norm else f"X = {total}"


def _last_scaled(spec: Spec) -> str:
    return "B" if spec.slopes is not None else "S'"


def _masked(spec: Spec) -> str:
    scaled = _last_scaled(spec)
    if spec.causal:
        return f"M = {scaled} where key ≤ query, else -inf"
    return f"M = {scaled}: no mask, every query sees every key"


def _rotary(spec: Spec) -> bool:
    return spec.frequencies is not None


def _scores(spec: Spec) -> str:
    return "S = Q_rot K_rotᵀ" if _rotary(spec) else "S = Q Kᵀ"


def _root(spec: Spec) -> str:
    return f"d_k = {spec.d_head}, √d_k = {spec.d_head**0.5:.6g}, so each score is multiplied by {spec.scale:.6g}"


def _output(spec: Spec) -> str:
    if not spec.output:
        return "O = concat(Z): this layer has no W_O"
    return "O = concat(Z) W_O + b_O" if spec.output_bias else "O = concat(Z) W_O"


def _mid(spec: Spec) -> str:
    return f"R = {spec.norm_name}(R_sum)" if spec.post_norm else "R = X + O"


def _out(spec: Spec) -> str:
    return f"X_next = {spec.norm_name}(X_sum)" if spec.post_norm else "X_next = R + F"


def _mlp_input(spec: Spec) -> str:
    return "M_in = R" if spec.post_norm else f"M_in = {spec.norm_name}(R)"


def _mlp_bias(spec: Spec, letter: str) -> str:
    return f" + {letter}" if spec.mlp_bias else ""


def _activated(spec: Spec) -> str:
    if spec.gated:
        return f"A_ff = {spec.activation_name}(G) ⊙ H"
    return f"A_ff = {spec.activation_name}(H)"


def _mlp(spec: Spec) -> bool:
    return spec.has_mlp


def _residual(spec: Spec) -> bool:
    return spec.block != "attention_only"


CATALOGUE: tuple[Entry, ...] = (
    Entry("embed.tokens", "E", ROWS, lambda s: "E = E[id]", "each token's vector, by its id"),
    Entry(
        "embed.positions",
        "P",
        ROWS,
        lambda s: "P = P[pos]" if s.positions == "learned" else "P = sin, cos of pos / 10000^(2i/d)",
        "each position's vector",
        lambda s: s.positions in ("learned", "sinusoidal"),
    ),
    Entry("embed.types", "T", ROWS, lambda s: "T = T[segment]", "the vector of the token's segment",
          lambda s: s.types > 0),
    Entry("embed", "X", ROWS, _embed, "what enters the first layer"),
    Entry(
        "layers.{L}.attn.input",
        "N",
        ROWS,
        lambda s: f"N = {s.norm_name}(X)" if s.block == "pre_norm" else "X",
        "what the attention reads",
    ),
    Entry("layers.{L}.attn.q", "Q", QUERY, _projection("q"), "what each token looks for"),
    Entry("layers.{L}.attn.k", "K", KEY, _projection("k"), "what each token can be found by"),
    Entry("layers.{L}.attn.v", "V", VALUE, _projection("v"), "what each token passes on"),
    Entry("layers.{L}.attn.q_rotated", "Q_rot", QUERY, lambda s: "Q_rot = rotate(Q, pos · θ)",
          "the queries turned by their position", _rotary),
    Entry("layers.{L}.attn.k_rotated", "K_rot", KEY, lambda s: "K_rot = rotate(K, pos · θ)",
          "the keys turned by their position", _rotary),
    Entry("layers.{L}.attn.scores", "S", SQUARE, _scores, "how well each query fits each key"),
    Entry("layers.{L}.attn.scaled", "S'", SQUARE, lambda s: "S' = S / √d_k",
          "scores of a size that does not grow with d_k", detail=_root),
    Entry("layers.{L}.attn.biased", "B", SQUARE, lambda s: "B = S' - m |query - key|",
          "ALiBi: far keys cost more, by the head's slope m", lambda s: s.slopes is not None),
    Entry("layers.{L}.attn.masked", "M", SQUARE, _masked, "-inf where the query may not look"),
    Entry("layers.{L}.attn.weights", "A", SQUARE, lambda s: "A = softmax(M)",
          "how much of each key's value is taken; each row sums to 1"),
    Entry("layers.{L}.attn.mixed", "Z", MIXED, lambda s: "Z = A V", "the values, mixed by the weights"),
    Entry("layers.{L}.attn.heads", "O_h", ("head", "query", "d_model"), lambda s: "O_h = Z_h W_O^h",
          "each head's part of the output", lambda s: s.output),
    Entry("layers.{L}.attn.output", "O", ROWS, _output, "what the attention adds to each token"),
    Entry("layers.{L}.resid.mid_sum", "R_sum", ROWS, lambda s: "R_sum = X + O",
          "the residual after attention, before its norm", lambda s: s.post_norm),
    Entry("layers.{L}.resid.mid", "R", ROWS, _mid, "the residual after attention", _residual),
    Entry("layers.{L}.mlp.input", "M_in", ROWS, _mlp_input, "what the feed-forward reads", _mlp),
    Entry("layers.{L}.mlp.gate", "G", HIDDEN, lambda s: "G = M_in W_gate" + _mlp_bias(s, "b_gate"),
          "how far each unit of the feed-forward opens", lambda s: s.gated),
    Entry("layers.{L}.mlp.hidden", "H", HIDDEN, lambda s: "H = M_in W_1" + _mlp_bias(s, "b_1"),
          "the feed-forward's units", _mlp),
    Entry("layers.{L}.mlp.activated", "A_ff", HIDDEN, _activated, "the units after their activation", _mlp),
    Entry("layers.{L}.mlp.output", "F", ROWS, lambda s: "F = A_ff W_2" + _mlp_bias(s, "b_2"),
          "what the feed-forward adds to each token", _mlp),
    Entry("layers.{L}.resid.out_sum", "X_sum", ROWS, lambda s: "X_sum = R + F",
          "the residual after the block, before its norm", lambda s: s.post_norm),
    Entry("layers.{L}.resid.out", "X_next", ROWS, _out, "the residual after the block", _mlp),
    Entry("final", "Y", ROWS,
          lambda s: f"Y = {s.norm_name}(X_last)" if s.final_norm else "Y = X_last",
          "what the last layer leaves", _residual),
    Entry("head.transformed", "Y'", ROWS,
          lambda s: f"Y' = {s.norm_name}({s.activation_name}(Y W_head + b_head))",
          "what the masked-word head reads the words from", lambda s: s.head == "masked_lm"),
    Entry("logits", "L", VOCAB, lambda s: _logits(s), "the score of every word of the vocabulary",
          lambda s: s.head != "none"),
    Entry("probs", "p", VOCAB, lambda s: "p = softmax(L)", "the probability of every word",
          lambda s: s.head != "none"),
)  # fmt: skip


def _logits(spec: Spec) -> str:
    final = "Y'" if spec.head == "masked_lm" else "Y"
    matrix = "Eᵀ" if spec.tied else "W_U"
    return f"L = {final} {matrix}" + (" + b_U" if spec.head_bias else "")


BY_NAME = {entry.name: entry for entry in CATALOGUE}
ON_REQUEST = frozenset({"layers.{L}.attn.heads"})

TRANSFORMER_LENS = {
    "hook_embed": ("embed.tokens",),
    "hook_pos_embed": ("embed.positions",),
    "hook_resid_pre": ("embed", "layers.{P}.resid.out"),
    "hook_resid_mid": ("resid.mid",),
    "hook_resid_post": ("resid.out",),
    "hook_attn_in": ("attn.input",),
    "ln1.hook_normalized": ("attn.input",),
    "attn.hook_q": ("attn.q",),
    "attn.hook_k": ("attn.k",),
    "attn.hook_v": ("attn.v",),
    "attn.hook_rot_q": ("attn.q_rotated",),
    "attn.hook_rot_k": ("attn.k_rotated",),
    "attn.hook_attn_scores": ("attn.masked",),
    "attn.hook_pattern": ("attn.weights",),
    "attn.hook_z": ("attn.mixed",),
    "attn.hook_result": ("attn.heads",),
    "hook_attn_out": ("attn.output",),
    "ln2.hook_normalized": ("mlp.input",),
    "hook_mlp_in": ("mlp.input",),
    "mlp.hook_pre": ("mlp.gate", "mlp.hidden"),
    "mlp.hook_pre_linear": ("mlp.hidden",),
    "mlp.hook_post": ("mlp.activated",),
    "hook_mlp_out": ("mlp.output",),
    "ln_final.hook_normalized": ("final",),
    "hook_logits": ("logits",),
}
"""TransformerLens' name -> ours; of several, the first that the model has."""


def entry_of(name: str) -> Entry:
    """The catalogue's line for a full stage name such as `layers.3.attn.q`."""
    return BY_NAME[re.sub(r"^layers\.\d+\.", "layers.{L}.", name)]


def layer_of(name: str) -> int | None:
    """3 for `layers.3.attn.q`, None for a stage outside the layers."""
    match = re.match(r"layers\.(\d+)\.", name)
    return int(match[1]) if match else None


def offered(spec: Spec) -> list[str]:
    """Every stage this model has, in the order of computation."""
    names: list[str] = []
    present = [entry for entry in CATALOGUE if entry.when(spec)]
    in_layers = [e.name for e in present if "{L}" in e.name]
    before = [e.name for e in present if e.name.startswith("embed")]
    names += before
    for layer in range(spec.layers):
        names += [name.replace("{L}", str(layer)) for name in in_layers]
    return names + [e.name for e in present if "{L}" not in e.name and e.name not in before]


def attention_stages(spec: Spec, layers: Sequence[int]) -> list[str]:
    """The default view: from the embedding (when the first layer is shown) to the attention output."""
    wanted = [n for n in offered(spec) if n.startswith("embed")] if 0 in layers else []
    return wanted + [n for n in _default(spec) if layer_of(n) in layers and ".attn." in n]


def _default(spec: Spec) -> list[str]:
    return [n for n in offered(spec) if re.sub(r"\.\d+\.", ".{L}.", n, count=1) not in ON_REQUEST]


def select(spec: Spec, patterns: Iterable[str], layers: Sequence[int] | None) -> list[str]:
    """The full names of the stages asked for, in the order of computation.

    A pattern is a full name or glob (`layers.3.attn.q`, `layers.*.attn.weights`), a name within the chosen
    `layers` (`attn.weights`, or just `weights`), `all`, or a TransformerLens name; a pattern that names its
    own layer is not narrowed by `layers`. Raises UsageError for one that matches nothing.
    """
    everything, default = offered(spec), _default(spec)
    chosen_layers = range(spec.layers) if layers is None else layers
    wanted: set[str] = set()
    for pattern in patterns:
        matched = {
            name
            for full, anywhere in _alternatives(spec, pattern)
            for name in (everything if "heads" in full else default)
            if (anywhere or layer_of(name) is None or layer_of(name) in chosen_layers)
            and _matches(name, full, anywhere)
        }
        if not matched:
            short = [re.sub(r"^layers\.\d+\.", "", n) for n in everything]
            known = list(dict.fromkeys(short))
            if (layer := layer_of(pattern.replace("blocks.", "layers."))) is not None and layer >= spec.layers:
                raise UsageError(
                    f"no stage {pattern!r}: the model has {spec.layers} layers, 0 to {spec.layers - 1}"
                )
            raise UsageError(
                f"no stage matches {pattern!r} in this {spec.family} model.",
                nearest(re.sub(r"^(layers|blocks)\.[^.]+\.", "", pattern), known),
            )
        wanted |= matched
    return [name for name in everything if name in wanted]


def _matches(name: str, pattern: str, anywhere: bool) -> bool:
    if anywhere:
        return fnmatchcase(name, pattern)
    relative = re.sub(r"^layers\.\d+\.", "", name)
    return fnmatchcase(relative, pattern) or (
        relative.startswith("attn.") and fnmatchcase(relative.removeprefix("attn."), pattern)
    )


def _alternatives(spec: Spec, pattern: str) -> list[tuple[str, bool]]:
    """(our pattern, whether it names its layer itself), with TransformerLens names translated."""
    if pattern == "all":
        return [("*", False)]
    match = re.match(r"blocks\.([^.]+)\.(.+)", pattern)
    layer, rest = (match[1], match[2]) if match else (None, pattern)
    if rest == "hook_resid_pre" and layer is not None and layer.isdigit():
        return [("embed" if layer == "0" else f"layers.{int(layer) - 1}.resid.out", True)]
    if rest in TRANSFORMER_LENS:
        present = set(offered(spec))
        for ours in TRANSFORMER_LENS[rest]:
            if layer is None and not any(name.endswith(ours) for name in present):
                continue
            full = ours if layer is None or "." not in ours else f"layers.{layer}.{ours}"
            if any(fnmatchcase(name, full) or name.endswith("." + full) or name == full for name in present):
                return [(full, layer is not None)]
    if layer is not None:
        return [(f"layers.{layer}.{rest}", True)]
    return [(pattern, pattern.startswith("layers."))]
