"""The catalogue of the embedding: from ids to the input of the first layer."""

from __future__ import annotations

from attncli.architecture.spec import Embed
from attncli.language import N_, joined
from attncli.stages.entries import ROWS, Context, Entry, normed, number


def _embed(p: Context) -> str:
    part = p.stack.embed
    parts = ["E_p" if part.project == "tokens" else _token_vectors(p), *_added_to_tokens(p)]
    total = "E_p" if part.project == "sum" else " + ".join(parts)
    total = normed(part.norm, total)
    return f"X = {total} W_E{_project_bias(p)}" if part.project == "normed" else f"X = {total}"


def _token_vectors(p: Context) -> str:
    scale = p.stack.embed.scale
    return "E" if scale == 1 else f"{number(scale)} E"


def _added_to_tokens(p: Context) -> list[str]:
    return ["P"] * _added_positions(p) + ["T"] * (p.stack.embed.types > 0)


def _projected(p: Context) -> str:
    before = [_token_vectors(p), *(_added_to_tokens(p) if p.stack.embed.project == "sum" else [])]
    total = " + ".join(before)
    return f"E_p = {f'({total})' if len(before) > 1 else total} W_E{_project_bias(p)}"


def _project_bias(p: Context) -> str:
    return " + b_E" if p.stack.embed.project_bias else ""


def position_table(embed: Embed) -> str:
    """What a table of positions that is computed holds, as formulas write it."""
    return embed.table_text or N_("sin, cos of pos / 10000^(2i/d)")


def _added_positions(p: Context) -> bool:
    return p.stack.embed.stored_positions or p.stack.embed.table is not None


EMBED = (
    Entry("embed.tokens", "E", ROWS, lambda p: "E = E[id]", N_("the embedding of each token, by its id")),
    Entry("embed.positions", "P", ROWS,
          lambda p: f"P = P[{p.stack.embed.position_text}]" if p.stack.embed.stored_positions
          else joined(" = ", "P", position_table(p.stack.embed)),
          N_("the embedding of each position"), _added_positions, lambda p: p.stack.embed.position_detail),
    Entry("embed.types", "T", ROWS, lambda p: "T = T[segment]", N_("the embedding of each token's segment"),
          lambda p: p.stack.embed.types > 0),
    Entry("embed.projected", "E_p", ROWS, _projected, N_("the embeddings, projected to the width of the model"),
          lambda p: p.stack.embed.project in ("tokens", "sum")),
    Entry("embed", "X", ROWS, _embed, N_("the input of the first layer")),
)  # fmt: skip
