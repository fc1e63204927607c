"""The catalogue of an attention, a layer's own or that to the encoder: from its input to its output."""

from __future__ import annotations

from attncli.language import N_, joined, listed
from attncli.stages.entries import (
    ENCODED,
    KEY,
    LATENT,
    MIXED,
    NORMED_FIRST,
    QUERY,
    ROWS,
    SQUARE,
    WITH_SINK,
    Context,
    Entry,
    Rule,
    normed,
    number,
)


def _projection(letter: str) -> Rule:
    def formula(p: Context) -> str:
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
        return f"{letter} = {made}" if clip is None else f"{letter} = clip({made}, ±{number(clip)})"

    return formula


def _encoded(p: Context) -> str:
    return N_("{symbol} is encoder.final", symbol=ENCODED) if p.cross else ""


def _head_norm(letter: str) -> Rule:
    def formula(p: Context) -> str:
        part = p.attn.q_norm if letter == "Q" else p.attn.k_norm
        assert part is not None
        over = f"concat({letter})" if part.over == "all" else letter
        return f"{letter}_n = {normed(part.norm, over)}"

    return formula


def _last(letter: str, p: Context) -> str:
    """The symbol of the queries or keys that make the scores."""
    if p.attn.rotary is not None:
        return f"{letter}_rot"
    normed = p.attn.q_norm if letter == "Q" else p.attn.k_norm
    return letter if normed is None else f"{letter}_n"


def _rotated(letter: str) -> Rule:
    def formula(p: Context) -> str:
        normed = p.attn.q_norm if letter == "Q" else p.attn.k_norm
        return f"{letter}_rot = rotate({letter if normed is None else letter + '_n'}, pos · θ)"

    return formula


def _rotation(p: Context) -> str:
    rotary = p.attn.rotary
    assert rotary is not None
    times, first, last = number(rotary.factor), rotary.start, rotary.start + rotary.size - 1
    if rotary.size == p.attn.d_head:
        facts = [N_("neighboring dimensions are rotated in pairs")] if rotary.interleaved else []
        return joined(
            "; ", *facts, *([] if rotary.factor == 1 else [N_("all are multiplied by {times}", times=times)])
        )
    facts = [N_("dimensions {first} to {last} of {all} are rotated", first=first, last=last, all=p.attn.d_head)]
    facts += [N_("neighbors in pairs")] if rotary.interleaved else []
    facts += [] if rotary.factor == 1 else [N_("and multiplied by {times}", times=times)]
    return listed(*facts)


def _scaled(p: Context) -> str:
    if abs(p.attn.scale * p.attn.d_head**0.5 - 1) < 1e-9:
        return "S' = S / √d_k"
    return "S' = S" if p.attn.scale == 1 else f"S' = {number(p.attn.scale)} S"


def _root(p: Context) -> str:
    d, root, scale = p.attn.d_head, number(p.attn.d_head**0.5), number(p.attn.scale)
    return N_("d_k = {d}, √d_k = {root}, so each score is multiplied by {scale}", d=d, root=root, scale=scale)


def _root_or_scale(p: Context) -> str:
    if _scaled(p) == "S' = S / √d_k":
        return _root(p)
    return N_("this model does not scale its scores") if p.attn.scale == 1 else f"d_k = {p.attn.d_head}"


def _scaled_meaning(p: Context) -> str:
    if _scaled(p) == "S' = S / √d_k":
        return N_("scores divided by √d_k, so that their size does not depend on d_k")
    if p.attn.scale == 1:
        return N_("scores, not scaled")
    return N_("scores times a factor of the model")


def _before_mask(p: Context) -> str:
    return "S_cap" if p.attn.cap is not None else "B" if p.attn.bias is not None else "S'"


def _masked(p: Context) -> str:
    if p.attn.mask.allowed is None:
        return N_("M = {scores}: no mask, every query sees every key", scores=_before_mask(p))
    return N_("M = {scores} where {seen}, else -inf", scores=_before_mask(p), seen=p.attn.mask.text)


def _masked_meaning(p: Context) -> str:
    mask = p.attn.mask
    return N_("nothing is masked") if mask.allowed is None else N_("{keys} masked with -inf", keys=mask.forbids)


def _output(p: Context) -> str:
    if not p.attn.output:
        return N_("O = concat(Z): this layer has no W_O")
    return "O = concat(Z) W_O + b_O" if p.attn.output_bias else "O = concat(Z) W_O"


def _side_by_side(letter: str) -> Rule:
    """What concat() in a formula stands for: all heads, of which a view may show some."""

    def detail(p: Context) -> str:
        norm = {"Q": p.attn.q_norm, "K": p.attn.k_norm}.get(letter)
        heads = p.attn.kv_heads if letter == "K" else p.attn.heads
        if heads == 1 or (norm is not None and norm.over != "all"):
            return ""
        return N_("concat({letter}): {letter} of all {heads} heads, side by side", letter=letter, heads=heads)

    return detail


def _input(p: Context) -> str:
    symbol, before, part = ("N_c", "R", p.layer.cross_norm) if p.cross else ("N", "X", p.layer.attn_norm)
    return f"{symbol} = {normed(part, before) if p.block in NORMED_FIRST else before}"


def _capped(p: Context) -> str:
    before = "S'" if p.attn.bias is None else "B"
    return f"S_cap = c tanh({before} / c), c = {number(p.attn.cap or 0)}"


def _latent(p: Context) -> bool:
    return p.attn.latent is not None


def _latent_bias(p: Context, letters: str) -> str:
    return f" + b_{letters}" if p.attn.latent is not None and p.attn.latent.bias else ""


def _latent_norm(p: Context) -> str:
    assert p.attn.latent is not None
    return p.attn.latent.norm.name


def _latent_queries(p: Context) -> bool:
    return p.attn.latent is not None and p.attn.latent.query_rank is not None


def _rotary(p: Context) -> bool:
    return p.attn.rotary is not None


def _bias(p: Context) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.text


def _bias_detail(p: Context) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.detail


def _bias_meaning(p: Context) -> str:
    assert p.attn.bias is not None
    return p.attn.bias.meaning


ATTENTION = (
    Entry("input", "N", ROWS, _input, N_("the input of the attention")),
    Entry("q_latent", "C_Q", LATENT, lambda p: f"C_Q = {p.x} W_DQ" + _latent_bias(p, "DQ"),
          N_("the queries, compressed into a small vector"), _latent_queries),
    Entry("q_latent_normed", "C_Qn", LATENT, lambda p: f"C_Qn = {_latent_norm(p)}(C_Q)",
          N_("the compressed queries, normalized"), _latent_queries),
    Entry("q", "Q", QUERY, _projection("Q"), N_("what each token looks for")),
    Entry("kv_latent", "C", LATENT, lambda p: f"C = {p.source} W_DKV" + _latent_bias(p, "DKV"),
          N_("keys and values, compressed into a small vector"), _latent, of_keys=True),
    Entry("kv_latent_normed", "C_n", LATENT, lambda p: f"C_n = {_latent_norm(p)}(C)",
          N_("the compressed keys and values, normalized"), _latent, of_keys=True),
    Entry("k_shared", "K_R", ("position", "rotary"), lambda p: f"K_R = {p.source} W_KR" + _latent_bias(p, "KR"),
          N_("the part of the keys that all heads share"), _latent, of_keys=True),
    Entry("k", "K", KEY, _projection("K"), N_("what each token is found by"), detail=_encoded, of_keys=True),
    Entry("v", "V", KEY, _projection("V"), N_("what each token passes on"), detail=_encoded, of_keys=True),
    Entry("q_normed", "Q_n", QUERY, _head_norm("Q"), N_("the queries, normalized"),
          lambda p: p.attn.q_norm is not None, _side_by_side("Q")),
    Entry("k_normed", "K_n", KEY, _head_norm("K"), N_("the keys, normalized"), lambda p: p.attn.k_norm is not None,
          _side_by_side("K"), of_keys=True),
    Entry("q_rotated", "Q_rot", QUERY, _rotated("Q"), N_("the queries, rotated by their position"), _rotary,
          _rotation),
    Entry("k_rotated", "K_rot", KEY, _rotated("K"), N_("the keys, rotated by their position"), _rotary, _rotation,
          of_keys=True),
    Entry("scores", "S", SQUARE, lambda p: f"S = {_last('Q', p)} {_last('K', p)}ᵀ",
          N_("how well each query matches each key")),
    Entry("scaled", "S'", SQUARE, _scaled, _scaled_meaning, detail=_root_or_scale),
    Entry("content_to_position", "S_cp", SQUARE, lambda p: "S_cp = c (Q K_rᵀ)[query, δ(query, key)]",
          N_("how well each query matches the distance to each key"),
          lambda p: _adds(p, "content_to_position"), _bias_detail),
    Entry("position_to_content", "S_pc", SQUARE, lambda p: "S_pc = c (K Q_rᵀ)[key, δ(query, key)]",
          N_("how well each key matches the distance to each query"),
          lambda p: _adds(p, "position_to_content"), _bias_detail),
    Entry("biased", "B", SQUARE, _bias, _bias_meaning, lambda p: p.attn.bias is not None,
          lambda p: "" if p.attn.bias and p.attn.bias.stages else _bias_detail(p)),
    Entry("capped", "S_cap", SQUARE, _capped,
          N_("scores, bounded smoothly between -c and c"), lambda p: p.attn.cap is not None),
    Entry("masked", "M", SQUARE, _masked,
          _masked_meaning),
    Entry("masked_with_sink", "M_s", WITH_SINK, lambda p: "M_s = [M, s]",
          N_("the scores, and after them s, the score of the head's sink"), lambda p: p.attn.sinks),
    Entry("weights_with_sink", "A_s", WITH_SINK, lambda p: "A_s = softmax(M_s)",
          N_("attention weights with the share of the sink; rows sum to 1"), lambda p: p.attn.sinks),
    Entry("weights", "A", SQUARE, lambda p: N_("A = A_s without the sink") if p.attn.sinks else "A = softmax(M)",
          lambda p: N_("attention weights: the share of each key; with the sink's share, rows sum to 1")
          if p.attn.sinks
          else N_("attention weights: the share of each key; rows sum to 1")),
    Entry("mixed", "Z", MIXED, lambda p: "Z = A V", N_("the values, averaged with the attention weights")),
    Entry("heads", "O_h", ("head", "query", "d_model"), lambda p: "O_h = Z_h W_O^h",
          N_("what each head adds to the output"), lambda p: p.attn.output),
    Entry("output", "O", ROWS, _output, N_("what the attention adds to each token"), detail=_side_by_side("Z")),
)  # fmt: skip


def _adds(p: Context, stage: str) -> bool:
    return p.attn.bias is not None and stage in p.attn.bias.stages
