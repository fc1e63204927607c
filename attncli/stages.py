"""The catalogue: each stage's name, symbol, formula, axes and one-line meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from attncli.spec import Attention, Experts, FeedForward, Layer, Norm, Spec, Stack

ROWS, HIDDEN, VOCAB = ("position", "d_model"), ("position", "d_ff"), ("position", "vocab")
LATENT, EXPERTS = ("position", "latent"), ("position", "expert")
QUERY, KEY = ("head", "position", "d_head"), ("kv_head", "position", "d_head")
SQUARE, MIXED = ("head", "query", "key"), ("head", "query", "d_head")


@dataclass(frozen=True, eq=False)
class Place:
    """Where a stage lies in a model: what formulas look at, for models and their layers differ."""

    spec: Spec
    stack: Stack
    layer: Layer
    attn: Attention
    cross: bool = False

    @property
    def block(self) -> str:
        return self.layer.block

    @property
    def x(self) -> str:
        """The symbol of what the queries are made from."""
        if self.cross:
            return "N_c" if self.block == "pre_norm" else "R"
        return "N" if self.block in NORMED_FIRST else "X"

    @property
    def source(self) -> str:
        """The symbol of what keys and values are made from."""
        return ENCODED if self.cross else self.x

    @property
    def mlp(self) -> FeedForward:
        """The feed-forward whose units are stages: there are none where experts are chosen."""
        assert isinstance(self.layer.mlp, FeedForward)
        return self.layer.mlp

    @property
    def experts(self) -> Experts:
        assert isinstance(self.layer.mlp, Experts)
        return self.layer.mlp


NORMED_FIRST = ("pre_norm", "parallel")
ENCODED = "Y_enc"
Rule = Callable[[Place], str]
Test = Callable[[Place], bool]


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue. `of_keys`: its rows are keys, which --query does not narrow."""

    name: str
    symbol: str
    axes: tuple[str, ...]
    formula: Rule
    meaning: str | Rule
    when: Test = lambda p: True
    detail: Rule = lambda p: ""
    of_keys: bool = False

    def says(self, place: Place) -> str:
        """What the stage means, in a line."""
        return self.meaning if isinstance(self.meaning, str) else self.meaning(place)


def _normed(norm: Norm | None, x: str) -> str:
    return x if norm is None else f"{norm.name}({x})"


def _number(x: float) -> str:
    return f"{x:.6g}"


# ------------------------------------------------------------------ embedding


def _embed(p: Place) -> str:
    part = p.stack.embed
    parts = ["E_p" if part.project == "tokens" else _token_vectors(p), *_added_to_tokens(p)]
    total = "E_p" if part.project == "sum" else " + ".join(parts)
    total = _normed(part.norm, total)
    return f"X = {total} W_E{_project_bias(p)}" if part.project == "normed" else f"X = {total}"


def _token_vectors(p: Place) -> str:
    scale = p.stack.embed.scale
    return "E" if scale == 1 else f"{_number(scale)} E"


def _added_to_tokens(p: Place) -> list[str]:
    return ["P"] * _added_positions(p) + ["T"] * (p.stack.embed.types > 0)


def _projected(p: Place) -> str:
    before = [_token_vectors(p), *(_added_to_tokens(p) if p.stack.embed.project == "sum" else [])]
    total = " + ".join(before)
    return f"E_p = {f'({total})' if len(before) > 1 else total} W_E{_project_bias(p)}"


def _project_bias(p: Place) -> str:
    return " + b_E" if p.stack.embed.project_bias else ""


def _added_positions(p: Place) -> bool:
    return p.stack.embed.stored_positions or p.stack.embed.table is not None


EMBED = (
    Entry("embed.tokens", "E", ROWS, lambda p: "E = E[id]", "each token's vector, by its id"),
    Entry("embed.positions", "P", ROWS,
          lambda p: f"P = P[{p.stack.embed.position_text}]" if p.stack.embed.stored_positions
          else f"P = {p.stack.embed.table_text}",
          "each position's vector", _added_positions, lambda p: p.stack.embed.position_detail),
    Entry("embed.types", "T", ROWS, lambda p: "T = T[segment]", "the vector of the token's segment",
          lambda p: p.stack.embed.types > 0),
    Entry("embed.projected", "E_p", ROWS, _projected, "the vectors, brought to the model's width",
          lambda p: p.stack.embed.project in ("tokens", "sum")),
    Entry("embed", "X", ROWS, _embed, "what enters the first layer"),
)  # fmt: skip


# ------------------------------------------------------------------ attention


def _projection(letter: str) -> Rule:
    def formula(p: Place) -> str:
        latent = p.attn.latent
        if letter == "Q" and latent is not None and latent.query_rank is not None:
            return "Q = C_Qn W_UQ"
        if letter == "K" and latent is not None:
            return "K = [C_n W_UK, K_R]"
        if letter == "V" and latent is not None:
            return "V = C_n W_UV"
        x = p.x if letter == "Q" else p.source
        made = f"{x} W_{letter}" + (f" + b_{letter}" if letter.lower() in p.attn.qkv_bias else "")
        clip = p.attn.clip
        return f"{letter} = {made}" if clip is None else f"{letter} = clip({made}, ±{_number(clip)})"

    return formula


def _encoded(p: Place) -> str:
    return f"{ENCODED} is encoder.final" if p.cross else ""


def _head_norm(letter: str) -> Rule:
    def formula(p: Place) -> str:
        part = p.attn.q_norm if letter == "Q" else p.attn.k_norm
        assert part is not None
        over = f"concat({letter})" if part.over == "all" else letter
        return f"{letter}_n = {_normed(part.norm, over)}"

    return formula


def _last(letter: str, p: Place) -> str:
    """The symbol of the queries or keys that the scores are made of."""
    if p.attn.rotary is not None:
        return f"{letter}_rot"
    normed = p.attn.q_norm if letter == "Q" else p.attn.k_norm
    return letter if normed is None else f"{letter}_n"


def _rotated(letter: str) -> Rule:
    def formula(p: Place) -> str:
        normed = p.attn.q_norm if letter == "Q" else p.attn.k_norm
        return f"{letter}_rot = rotate({letter if normed is None else letter + '_n'}, pos · θ)"

    return formula


def _turning(p: Place) -> str:
    rotary = p.attn.rotary
    assert rotary is not None
    if rotary.size == p.attn.d_head and rotary.factor == 1:
        return "neighbouring dimensions are turned together" if rotary.interleaved else ""
    which = f"dimensions {rotary.start} to {rotary.start + rotary.size - 1} of {p.attn.d_head} are turned"
    which += ", neighbours together" if rotary.interleaved else ""
    return which + ("" if rotary.factor == 1 else f", and multiplied by {_number(rotary.factor)}")


def _scaled(p: Place) -> str:
    if abs(p.attn.scale * p.attn.d_head**0.5 - 1) < 1e-9:
        return "S' = S / √d_k"
    return "S' = S" if p.attn.scale == 1 else f"S' = {_number(p.attn.scale)} S"


def _root(p: Place) -> str:
    d, scale = p.attn.d_head, _number(p.attn.scale)
    return f"d_k = {d}, √d_k = {_number(d**0.5)}, so each score is multiplied by {scale}"


def _root_or_scale(p: Place) -> str:
    if _scaled(p) == "S' = S / √d_k":
        return _root(p)
    return "this model does not scale its scores" if p.attn.scale == 1 else f"d_k = {p.attn.d_head}"


def _before_mask(p: Place) -> str:
    return "S_cap" if p.attn.cap is not None else "B" if p.attn.bias is not None else "S'"


def _masked(p: Place) -> str:
    if p.attn.mask.allowed is None:
        return f"M = {_before_mask(p)}: no mask, every query sees every key"
    return f"M = {_before_mask(p)} where {p.attn.mask.text}, else -inf"


def _output(p: Place) -> str:
    if not p.attn.output:
        return "O = concat(Z): this layer has no W_O"
    return "O = concat(Z) W_O + b_O" if p.attn.output_bias else "O = concat(Z) W_O"


def _input(p: Place) -> str:
    before, part = ("R", p.layer.cross_norm) if p.cross else ("X", p.layer.attn_norm)
    return f"{p.x} = {_normed(part, before)}" if p.block in NORMED_FIRST else before


def _capped(p: Place) -> str:
    before = "S'" if p.attn.bias is None else "B"
    return f"S_cap = c tanh({before} / c), c = {_number(p.attn.cap or 0)}"


def _latent(p: Place) -> bool:
    return p.attn.latent is not None


def _latent_bias(p: Place, letters: str) -> str:
    return f" + b_{letters}" if p.attn.latent is not None and p.attn.latent.bias else ""


def _latent_norm(p: Place) -> str:
    assert p.attn.latent is not None
    return p.attn.latent.norm.name


def _latent_queries(p: Place) -> bool:
    return p.attn.latent is not None and p.attn.latent.query_rank is not None


def _rotary(p: Place) -> bool:
    return p.attn.rotary is not None


def _bias(p: Place) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.text


def _bias_detail(p: Place) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.detail


def _bias_meaning(p: Place) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.meaning


ATTENTION = (
    Entry("input", "N", ROWS, _input, "what the attention reads"),
    Entry("q_latent", "C_Q", LATENT, lambda p: f"C_Q = {p.x} W_DQ" + _latent_bias(p, "DQ"),
          "the queries, as a small vector", _latent_queries),
    Entry("q_latent_normed", "C_Qn", LATENT, lambda p: f"C_Qn = {_latent_norm(p)}(C_Q)", "that, normalized",
          _latent_queries),
    Entry("q", "Q", QUERY, _projection("Q"), "what each token looks for"),
    Entry("kv_latent", "C", LATENT, lambda p: f"C = {p.source} W_DKV" + _latent_bias(p, "DKV"),
          "keys and values, as a small vector", _latent, of_keys=True),
    Entry("kv_latent_normed", "C_n", LATENT, lambda p: f"C_n = {_latent_norm(p)}(C)", "that, normalized",
          _latent, of_keys=True),
    Entry("k_shared", "K_R", ("position", "rotary"), lambda p: f"K_R = {p.source} W_KR" + _latent_bias(p, "KR"),
          "the part of the keys that is the same for all heads", _latent, of_keys=True),
    Entry("k", "K", KEY, _projection("K"), "what each token can be found by", detail=_encoded, of_keys=True),
    Entry("v", "V", KEY, _projection("V"), "what each token passes on", detail=_encoded, of_keys=True),
    Entry("q_normed", "Q_n", QUERY, _head_norm("Q"), "the queries, normalized",
          lambda p: p.attn.q_norm is not None),
    Entry("k_normed", "K_n", KEY, _head_norm("K"), "the keys, normalized", lambda p: p.attn.k_norm is not None,
          of_keys=True),
    Entry("q_rotated", "Q_rot", QUERY, _rotated("Q"), "the queries turned by their position", _rotary, _turning),
    Entry("k_rotated", "K_rot", KEY, _rotated("K"), "the keys turned by their position", _rotary, _turning,
          of_keys=True),
    Entry("scores", "S", SQUARE, lambda p: f"S = {_last('Q', p)} {_last('K', p)}ᵀ",
          "how well each query fits each key"),
    Entry("scaled", "S'", SQUARE, _scaled, "scores of a size that does not grow with d_k", detail=_root_or_scale),
    Entry("content_to_position", "S_cp", SQUARE, lambda p: "S_cp = c (Q K_rᵀ)[query, δ(query, key)]",
          "how well each query fits each distance", lambda p: _adds(p, "content_to_position"), _bias_detail),
    Entry("position_to_content", "S_pc", SQUARE, lambda p: "S_pc = c (K Q_rᵀ)[key, δ(query, key)]",
          "how well each key fits each distance", lambda p: _adds(p, "position_to_content"), _bias_detail),
    Entry("biased", "B", SQUARE, _bias, _bias_meaning, lambda p: p.attn.bias is not None,
          lambda p: "" if p.attn.bias and p.attn.bias.stages else _bias_detail(p)),
    Entry("capped", "S_cap", SQUARE, _capped,
          "scores that come near the cap are bent below it", lambda p: p.attn.cap is not None),
    Entry("masked", "M", SQUARE, _masked, "-inf where the query may not look"),
    Entry("weights_with_sink", "A_s", ("head", "query", "key_or_sink"), lambda p: "A_s = softmax([M, s])",
          "the sink takes its share of the weight, by the head's own score s; each row sums to 1",
          lambda p: p.attn.sinks),
    Entry("weights", "A", SQUARE, lambda p: "A = A_s without the sink" if p.attn.sinks else "A = softmax(M)",
          lambda p: "how much of each key's value is taken; the sink's share is left over" if p.attn.sinks
          else "how much of each key's value is taken; each row sums to 1"),
    Entry("mixed", "Z", MIXED, lambda p: "Z = A V", "the values, mixed by the weights"),
    Entry("heads", "O_h", ("head", "query", "d_model"), lambda p: "O_h = Z_h W_O^h",
          "each head's part of the output", lambda p: p.attn.output),
    Entry("output", "O", ROWS, _output, "what the attention adds to each token"),
)  # fmt: skip


def _adds(p: Place, stage: str) -> bool:
    return p.attn.bias is not None and stage in p.attn.bias.stages


# ------------------------------------------------------------------ the block around it, and the feed-forward


def _added(p: Place, symbol: str, normed: bool) -> str:
    """What a part adds to the residual: normalized and scaled where the model does so."""
    scale = p.layer.residual_scale
    return ("" if scale == 1 else f"{_number(scale)} ") + symbol + ("_n" if normed else "")


def _attended(p: Place) -> str:
    return _added(p, "O", p.layer.attn_output_norm is not None)


def _fed(p: Place) -> str:
    return _added(p, "F", p.layer.mlp_output_norm is not None)


def _post(p: Place) -> bool:
    return p.block == "post_norm"


def _between(p: Place) -> bool:
    """Whether there is a residual between attention and feed-forward."""
    return p.block in ("pre_norm", "post_norm")


def _out(p: Place) -> str:
    if _post(p):
        return f"X_next = {_normed(p.layer.mlp_norm, 'X_sum')}"
    if p.block == "parallel":
        return f"X_next = X + {_attended(p)} + {_fed(p)}"
    return f"X_next = {_mid_symbol(p)} + {_fed(p)}"


def _mid_symbol(p: Place) -> str:
    return "R" if p.layer.cross is None else "R_c"


def _mlp_input(p: Place) -> str:
    if _post(p):
        return f"M_in = {_mid_symbol(p)}"
    if p.block == "parallel":
        return "M_in = N" if p.layer.mlp_norm is None else f"M_in = {_normed(p.layer.mlp_norm, 'X')}"
    return f"M_in = {_normed(p.layer.mlp_norm, _mid_symbol(p))}"


def _mlp_bias(p: Place, letter: str) -> str:
    return f" + {letter}" if p.mlp.bias else ""


def _activated(p: Place) -> str:
    if p.mlp.combine is not None:
        return f"A_ff = {p.mlp.combine_text}"
    return f"A_ff = {p.mlp.activation_name}(G) ⊙ H" if p.mlp.gated else f"A_ff = {p.mlp.activation_name}(H)"


def _dense(p: Place) -> bool:
    return isinstance(p.layer.mlp, FeedForward)


def _routed(p: Place) -> bool:
    return isinstance(p.layer.mlp, Experts)


def _mlp(p: Place) -> bool:
    return p.layer.mlp is not None


def _crossed(p: Place) -> bool:
    return p.layer.cross is not None


def _expert(p: Place) -> str:
    """What FFN_e stands for, where experts are chosen."""
    if not _routed(p):
        return ""
    part = p.experts.each
    b_gate, b_1, b_2 = (f" + {b}" if part.bias else "" for b in ("b_gate", "b_1", "b_2"))
    if part.combine is not None:
        return f"FFN_e(x) = ({part.combine_text}) W_2{b_2}, where G = x W_gate{b_gate}, H = x W_1{b_1}"
    if part.gated:
        return f"FFN_e(x) = ({part.activation_name}(x W_gate{b_gate}) ⊙ (x W_1{b_1})) W_2{b_2}"
    return f"FFN_e(x) = {part.activation_name}(x W_1{b_1}) W_2{b_2}"


def _mlp_output(p: Place) -> str:
    if _routed(p):
        return "F = Σ G_e FFN_e(M_in)" + (" + F_s" if p.experts.shared else "")
    return "F = A_ff W_2" + _mlp_bias(p, "b_2")


AFTER_ATTENTION = (
    Entry("attn.output_normed", "O_n", ROWS, lambda p: f"O_n = {_normed(p.layer.attn_output_norm, 'O')}",
          "that, normalized", lambda p: p.layer.attn_output_norm is not None),
    Entry("resid.mid_sum", "R_sum", ROWS, lambda p: f"R_sum = X + {_attended(p)}",
          "the residual after attention, before its norm", _post),
    Entry("resid.mid", "R", ROWS,
          lambda p: f"R = {_normed(p.layer.attn_norm, 'R_sum')}" if _post(p) else f"R = X + {_attended(p)}",
          "the residual after attention", _between),
)  # fmt: skip
AFTER_CROSS = (
    Entry("resid.cross_sum", "R_csum", ROWS, lambda p: "R_csum = R + O",
          "the residual after cross-attention, before its norm", lambda p: _post(p) and _crossed(p)),
    Entry("resid.cross", "R_c", ROWS,
          lambda p: f"R_c = {_normed(p.layer.cross_norm, 'R_csum')}" if _post(p) else "R_c = R + O",
          "the residual after cross-attention", _crossed),
    Entry("mlp.input", "M_in", ROWS, _mlp_input, "what the feed-forward reads", _mlp),
    Entry("mlp.router", "G_r", EXPERTS,
          lambda p: "G_r = M_in W_r" + (" + b_r" if p.experts.router_bias else ""),
          "how well each expert suits the token", _routed),
    Entry("mlp.routed", "G", EXPERTS, lambda p: f"G = {p.experts.text}",
          lambda p: f"the weights of the {p.experts.chosen} experts chosen of {p.experts.count}; 0 for the others",
          _routed),
    Entry("mlp.shared", "F_s", ROWS,
          lambda p: ("F_s = σ(M_in w_s) FFN_s(M_in)" if p.experts.shared_gate else "F_s = FFN_s(M_in)"),
          "what the expert that all tokens share adds", lambda p: _routed(p) and p.experts.shared is not None),
    Entry("mlp.gate", "G", HIDDEN, lambda p: "G = M_in W_gate" + _mlp_bias(p, "b_gate"),
          "how far each unit of the feed-forward opens", lambda p: _dense(p) and p.mlp.gated),
    Entry("mlp.hidden", "H", HIDDEN, lambda p: "H = M_in W_1" + _mlp_bias(p, "b_1"),
          "the feed-forward's units", _dense),
    Entry("mlp.activated", "A_ff", HIDDEN, _activated, "the units after their activation", _dense),
    Entry("mlp.output", "F", ROWS, _mlp_output, "what the feed-forward adds to each token", _mlp, _expert),
    Entry("mlp.output_normed", "F_n", ROWS, lambda p: f"F_n = {_normed(p.layer.mlp_output_norm, 'F')}",
          "that, normalized", lambda p: p.layer.mlp_output_norm is not None),
    Entry("resid.out_sum", "X_sum", ROWS, lambda p: f"X_sum = {_mid_symbol(p)} + {_fed(p)}",
          "the residual after the block, before its norm", _post),
    Entry("resid.out", "X_next", ROWS, _out, "the residual after the block", _mlp),
)  # fmt: skip


# ------------------------------------------------------------------ the end


def _final_symbol(p: Place) -> str:
    head = p.spec.head
    assert head is not None
    symbol = "Y_p" if head.project else "Y'" if head.transform is not None else "Y"
    return symbol if head.scale == 1 else f"{_number(head.scale)} {symbol}"


def _logits(p: Place) -> str:
    head = p.spec.head
    assert head is not None
    made = f"{_final_symbol(p)} {'Eᵀ' if head.tied else 'W_U'}" + (" + b_U" if head.bias else "")
    if head.logit_scale != 1:
        made = f"{_number(head.logit_scale)} ({made})"
    return f"L = {made}" if head.cap is None else f"L = c tanh({made} / c), c = {_number(head.cap)}"


def _transformed(p: Place) -> str:
    part = p.spec.head and p.spec.head.transform
    assert part
    made = f"{part.activation_name}(Y W_head{' + b_head' if part.bias else ''})"
    return f"Y' = {_normed(part.norm, made)}"


FINAL = (
    Entry("final", "Y", ROWS, lambda p: f"Y = {_normed(p.stack.final_norm, 'X_last')}",
          "what the last layer leaves", lambda p: p.block != "attention_only"),
)  # fmt: skip
END = (
    Entry("head.transformed", "Y'", ROWS, _transformed, "what the masked-word head reads the words from",
          lambda p: p.spec.head is not None and p.spec.head.transform is not None),
    Entry("head.projected", "Y_p", ROWS, lambda p: "Y_p = Y W_p",
          "the vectors, brought to the width of the token vectors",
          lambda p: p.spec.head is not None and p.spec.head.project),
    Entry("logits", "L", VOCAB, _logits, "the score of every word of the vocabulary",
          lambda p: p.spec.head is not None),
    Entry("probs", "p", VOCAB, lambda p: "p = softmax(L)", "the probability of every word",
          lambda p: p.spec.head is not None),
)  # fmt: skip


def _under(prefix: str, entries: tuple[Entry, ...], when: Test) -> tuple[Entry, ...]:
    """Entries by their name in the layer, there where both tests say so."""

    def both(own: Test) -> Test:
        return lambda p: when(p) and own(p)

    return tuple(replace(entry, name=prefix + entry.name, when=both(entry.when)) for entry in entries)


IN_LAYER = (
    *_under("attn.", ATTENTION, lambda p: True),
    *AFTER_ATTENTION,
    *_under("cross.", ATTENTION, _crossed),
    *AFTER_CROSS,
)
"""In the order of computation; which of them a layer has, its parts say."""
CATALOGUE = {entry.name: entry for entry in (*EMBED, *IN_LAYER, *FINAL, *END)}
ON_REQUEST = frozenset({"attn.heads", "cross.heads"})


# ------------------------------------------------------------------ names and places


def relative(name: str) -> str:
    """attn.q for `decoder.layers.3.attn.q`; a name outside the layers without its stack."""
    parts = name.split(".")
    if parts[0] in ("encoder", "decoder"):
        parts = parts[1:]
    return ".".join(parts[2:] if parts[0] == "layers" else parts)


def entry_of(name: str) -> Entry:
    """The catalogue's line for a full stage name such as `layers.3.attn.q`."""
    return CATALOGUE[relative(name)]


def layer_of(name: str) -> int | None:
    """3 for `layers.3.attn.q`, None for a stage outside the layers."""
    parts = name.split(".")
    if parts[0] in ("encoder", "decoder"):
        parts = parts[1:]
    numbered = len(parts) > 2 and parts[0] == "layers" and parts[1].isdecimal() and len(parts[1]) < 10
    return int(parts[1]) if numbered else None


def stack_of(spec: Spec, name: str) -> Stack:
    """The stack that a stage belongs to; the last one for logits and probs."""
    side = name.split(".", 1)[0]
    return next((s for s in spec.stacks if s.name == side), spec.main)


def place_of(spec: Spec, name: str) -> Place:
    """What the formula of a stage looks at."""
    stack = stack_of(spec, name)
    return _place(spec, stack, stack.layers[layer_of(name) or 0], relative(name).startswith("cross."))


def _place(spec: Spec, stack: Stack, layer: Layer, cross: bool) -> Place:
    return Place(spec, stack, layer, layer.cross if cross and layer.cross else layer.attn, cross)


def attention_of(spec: Spec, name: str) -> Attention:
    """The attention that a stage belongs to."""
    return place_of(spec, name).attn


def last_layer(spec: Spec, name: str) -> str:
    """The beginning of the stages of the last layer that must be computed for a stage; empty where none must."""
    stack, layer = stack_of(spec, name), layer_of(name)
    if layer is None:
        if relative(name).startswith("embed"):
            return ""
        layer = len(stack.layers) - 1
    return f"{stack.prefix}layers.{layer}."


@lru_cache(maxsize=8)
def offered(spec: Spec) -> tuple[str, ...]:
    """Every stage this model has, in the order of computation."""
    names: list[str] = []
    for stack in spec.stacks:
        first = _place(spec, stack, stack.layers[0], False)
        names += [stack.prefix + e.name for e in EMBED if e.when(first)]
        for number, layer in enumerate(stack.layers):
            places = [_place(spec, stack, layer, cross) for cross in (False, True)]
            at = f"{stack.prefix}layers.{number}."
            names += [at + e.name for e in IN_LAYER if e.when(places[e.name.startswith("cross.")])]
        names += [stack.prefix + e.name for e in FINAL if e.when(first)]
    last = _place(spec, spec.main, spec.main.layers[-1], False)
    return (*names, *(e.name for e in END if e.when(last)))
