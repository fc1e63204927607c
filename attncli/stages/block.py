"""The catalogue of the block around the attentions: the residual stream and the feed-forward."""

from __future__ import annotations

from attncli.architecture.spec import Experts, FeedForward
from attncli.language import N_, joined
from attncli.stages.entries import EXPERTS, HIDDEN, ROWS, Context, Entry, normed, number


def _added(p: Context, symbol: str, normed: bool) -> str:
    """What attention or feed-forward adds to the residual stream, normalized and scaled where the model does
    so."""
    scale = p.layer.residual_scale
    return ("" if scale == 1 else f"{number(scale)} ") + symbol + ("_n" if normed else "")


def _attended(p: Context) -> str:
    return _added(p, "O", p.layer.attn_output_norm is not None)


def _fed(p: Context) -> str:
    return _added(p, "F", p.layer.mlp_output_norm is not None)


def _post(p: Context) -> bool:
    return p.block == "post_norm"


def _between(p: Context) -> bool:
    """Whether the residual stream is a stage between attention and feed-forward."""
    return p.block in ("pre_norm", "post_norm")


def _out(p: Context) -> str:
    if _post(p):
        return f"X_next = {normed(p.layer.mlp_norm, 'X_sum')}"
    if p.block == "parallel":
        return f"X_next = X + {_attended(p)} + {_fed(p)}"
    return f"X_next = {_mid_symbol(p)} + {_fed(p)}"


def _mid_symbol(p: Context) -> str:
    return "R" if p.layer.cross is None else "R_c"


def _mlp_input(p: Context) -> str:
    if _post(p):
        return f"M_in = {_mid_symbol(p)}"
    if p.block == "parallel":
        return "M_in = N" if p.layer.mlp_norm is None else f"M_in = {normed(p.layer.mlp_norm, 'X')}"
    return f"M_in = {normed(p.layer.mlp_norm, _mid_symbol(p))}"


def _mlp_bias(p: Context, letter: str) -> str:
    return f" + {letter}" if p.mlp.bias else ""


def _activated(p: Context) -> str:
    if p.mlp.combine is not None:
        return f"A_ff = {p.mlp.combine_text}"
    return f"A_ff = {p.mlp.activation_name}(G) ⊙ H" if p.mlp.gated else f"A_ff = {p.mlp.activation_name}(H)"


def _dense(p: Context) -> bool:
    return isinstance(p.layer.mlp, FeedForward)


def _routed(p: Context) -> bool:
    return isinstance(p.layer.mlp, Experts)


def _mlp(p: Context) -> bool:
    return p.layer.mlp is not None


def crossed(p: Context) -> bool:
    return p.layer.cross is not None


def _expert(p: Context) -> str:
    """What FFN_e stands for in a layer with experts."""
    return _network("FFN_e", p.experts.each) if _routed(p) else ""


def _has_shared(p: Context) -> bool:
    return _routed(p) and p.experts.shared is not None


def _shared(p: Context) -> str:
    assert p.experts.shared is not None
    return _network("FFN_s", p.experts.shared)


def _network(name: str, part: FeedForward) -> str:
    b_gate, b_1, b_2 = (f" + {b}" if part.bias else "" for b in ("b_gate", "b_1", "b_2"))
    if part.combine is not None:
        made, inner = f"{name}(x) = ({part.combine_text}) W_2{b_2}", f"G = x W_gate{b_gate}, H = x W_1{b_1}"
        return N_("{formula}, where {inner}", formula=made, inner=inner)
    if part.gated:
        gate, units = (f"x W_{letter}{b}" for letter, b in (("gate", b_gate), ("1", b_1)))
        return f"{name}(x) = ({part.activation_name}({gate}) ⊙ ({units})) W_2{b_2}"
    return f"{name}(x) = {part.activation_name}(x W_1{b_1}) W_2{b_2}"


def _routed_detail(p: Context) -> str:
    return N_("b, a number for each expert, affects the choice only") if p.experts.choice_bias else ""


def _mlp_output(p: Context) -> str:
    if _routed(p):
        return "F = Σ G_e FFN_e(M_in)" + (" + F_s" if p.experts.shared else "")
    return "F = A_ff W_2" + _mlp_bias(p, "b_2")


AFTER_ATTENTION = (
    Entry("attn.output_normed", "O_n", ROWS, lambda p: f"O_n = {normed(p.layer.attn_output_norm, 'O')}",
          N_("the attention output, normalized"), lambda p: p.layer.attn_output_norm is not None),
    Entry("resid.mid_sum", "R_sum", ROWS, lambda p: f"R_sum = X + {_attended(p)}",
          N_("the residual stream after attention, before the norm"), _post),
    Entry("resid.mid", "R", ROWS,
          lambda p: f"R = {normed(p.layer.attn_norm, 'R_sum')}" if _post(p) else f"R = X + {_attended(p)}",
          N_("the residual stream after attention"), _between),
)  # fmt: skip
AFTER_CROSS = (
    Entry("resid.cross_sum", "R_csum", ROWS, lambda p: "R_csum = R + O",
          N_("the residual stream after cross-attention, before the norm"), lambda p: _post(p) and crossed(p)),
    Entry("resid.cross", "R_c", ROWS,
          lambda p: f"R_c = {normed(p.layer.cross_norm, 'R_csum')}" if _post(p) else "R_c = R + O",
          N_("the residual stream after cross-attention"), crossed),
    Entry("mlp.input", "M_in", ROWS, _mlp_input, N_("the input of the feed-forward"), _mlp),
    Entry("mlp.router", "G_r", EXPERTS,
          lambda p: "G_r = M_in W_r" + (" + b_r" if p.experts.router_bias else ""),
          N_("the router's score for each expert"), _routed),
    Entry("mlp.routed", "G", EXPERTS, lambda p: joined(" = ", "G", p.experts.text),
          lambda p: N_("the weights of the {chosen} chosen experts out of {count}; 0 for the others",
                       chosen=p.experts.chosen, count=p.experts.count),
          _routed, _routed_detail),
    Entry("mlp.shared", "F_s", ROWS,
          lambda p: ("F_s = σ(M_in w_s) FFN_s(M_in)" if p.experts.shared_gate else "F_s = FFN_s(M_in)"),
          N_("what the shared expert adds"), _has_shared, _shared),
    Entry("mlp.gate", "G", HIDDEN, lambda p: "G = M_in W_gate" + _mlp_bias(p, "b_gate"),
          N_("how far the gate of each hidden unit opens"), lambda p: _dense(p) and p.mlp.gated),
    Entry("mlp.hidden", "H", HIDDEN, lambda p: "H = M_in W_1" + _mlp_bias(p, "b_1"),
          N_("the hidden units of the feed-forward"), _dense),
    Entry("mlp.activated", "A_ff", HIDDEN, _activated, N_("the hidden units after the activation"), _dense),
    Entry("mlp.output", "F", ROWS, _mlp_output, N_("what the feed-forward adds to each token"), _mlp, _expert),
    Entry("mlp.output_normed", "F_n", ROWS, lambda p: f"F_n = {normed(p.layer.mlp_output_norm, 'F')}",
          N_("the feed-forward output, normalized"), lambda p: p.layer.mlp_output_norm is not None),
    Entry("resid.out_sum", "X_sum", ROWS, lambda p: f"X_sum = {_mid_symbol(p)} + {_fed(p)}",
          N_("the residual stream after the block, before the norm"), _post),
    Entry("resid.out", "X_next", ROWS, _out, N_("the residual stream after the block"), _mlp),
)  # fmt: skip
