"""The catalogue of the end: from the output of the last layer to the probabilities."""

from __future__ import annotations

from attncli.language import N_
from attncli.stages.entries import ROWS, VOCAB, Context, Entry, normed, number


def _final_symbol(p: Context) -> str:
    head = p.spec.head
    assert head is not None
    symbol = "Y_p" if head.project else "Y'" if head.transform is not None else "Y"
    return symbol if head.scale == 1 else f"{number(head.scale)} {symbol}"


def _logits(p: Context) -> str:
    head = p.spec.head
    assert head is not None
    made = f"{_final_symbol(p)} {'Eᵀ' if head.tied else 'W_U'}"
    if head.bias:
        made += " + b_U"
    if head.bias and (head.logit_scale != 1 or head.cap is not None):
        made = f"({made})"
    if head.logit_scale != 1:
        made = f"{number(head.logit_scale)} {made}"
    return f"L = {made}" if head.cap is None else f"L = c tanh({made} / c), c = {number(head.cap)}"


def _transformed(p: Context) -> str:
    part = p.spec.head and p.spec.head.transform
    assert part
    made = f"{part.activation_name}(Y W_head{' + b_head' if part.bias else ''})"
    return f"Y' = {normed(part.norm, made)}"


FINAL = (
    Entry("final", "Y", ROWS, lambda p: f"Y = {normed(p.stack.final_norm, 'X_last')}",
          N_("the output of the last layer"), lambda p: p.block != "attention_only"),
)  # fmt: skip
END = (
    Entry("head.transformed", "Y'", ROWS, _transformed,
          N_("the final vectors, transformed by the masked-word head"),
          lambda p: p.spec.head is not None and p.spec.head.transform is not None),
    Entry("head.projected", "Y_p", ROWS, lambda p: "Y_p = Y W_p",
          N_("the vectors, projected to the width of the token embeddings"),
          lambda p: p.spec.head is not None and p.spec.head.project),
    Entry("logits", "L", VOCAB, _logits, N_("the score of each token in the vocabulary"),
          lambda p: p.spec.head is not None),
    Entry("probs", "p", VOCAB, lambda p: "p = softmax(L)", N_("the probability of each token in the vocabulary"),
          lambda p: p.spec.head is not None),
)  # fmt: skip
