"""The catalogue of the embedding: from ids to what enters the first layer."""

from __future__ import annotations

from attncli.stages.entries import ROWS, Entry, Place, normed, number
from attncli.text.language import N_, joined


def _embed(p: Place) -> str:
    part = p.stack.embed
    parts = ["E_p" if part.project == "tokens" else _token_vectors(p), *_added_to_tokens(p)]
    total = "E_p" if part.project == "sum" else " + ".join(parts)
    total = normed(part.norm, total)
    return f"X = {total} W_E{_project_bias(p)}" if part.project == "normed" else f"X = {total}"


def _token_vectors(p: Place) -> str:
    scale = p.stack.embed.scale
    return "E" if scale == 1 else f"{number(scale)} E"


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
    Entry("embed.tokens", "E", ROWS, lambda p: "E = E[id]", N_("each token's vector, by its id")),
    Entry("embed.positions", "P", ROWS,
          lambda p: f"P = P[{p.stack.embed.position_text}]" if p.stack.embed.stored_positions
          else joined(" = ", "P", p.stack.embed.table_text),
          N_("each position's vector"), _added_positions, lambda p: p.stack.embed.position_detail),
    Entry("embed.types", "T", ROWS, lambda p: "T = T[segment]", N_("the vector of the token's segment"),
          lambda p: p.stack.embed.types > 0),
    Entry("embed.projected", "E_p", ROWS, _projected, N_("the vectors, brought to the model's width"),
          lambda p: p.stack.embed.project in ("tokens", "sum")),
    Entry("embed", "X", ROWS, _embed, N_("what enters the first layer")),
)  # fmt: skip
