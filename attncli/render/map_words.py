"""What is said beside maps, in every format: captions, what marks mean, what was pooled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attncli.insights.maps import HeadMap, Section, marked, score_of
from attncli.text.language import N_, Say

LOOKS = {
    "previous": N_("looks at the token before"),
    "first": N_("looks at the first token"),
    "self": N_("looks at itself"),
    "same": N_("looks at the last equal token"),
    "induction": N_("looks at what came after the last equal token"),
}
"""What a head of each kind does."""
MARKED = N_(
    "A head is marked where such tokens get at least a quarter of its weight and, of what it does not rest on the "
    "first token, more than halfway from what looking at all alike would give them to all of it."
)


def place(one: HeadMap, say: Say) -> str:
    """3.1 for head 1 of layer 3; where there are no layers, head 1."""
    return say("head {head}", head=one.head) if one.layer is None else f"{one.layer}.{one.head}"


def title(one: HeadMap, sort: str, say: Say) -> tuple[str, str]:
    """The place of a head with the score that it is sorted by, and its mark."""
    score = score_of(one, sort)
    number = "" if score is None else f" {score:.2f}"
    shown = say("{number} bits", number=number) if number and sort == "entropy" else number
    return place(one, say) + shown, "" if one.scores is None or one.scores.mark is None else one.scores.mark


def full_title(one: HeadMap, say: Say) -> str:
    """The name of a map that stands alone, and what it does."""
    parts = [one.stage]
    if one.head is not None:
        parts.append(say("head {head}", head=one.head))
    if one.scores is not None and one.scores.mark is not None:
        parts.append(f"{say(LOOKS[one.scores.mark])} ({score_of(one, one.scores.mark):.2f})")
    return " · ".join(parts)


def shape(section: Section, say: Say) -> str:
    """[query 6 × key 6]."""
    sides = (section.rows, section.columns)
    return f"[{' × '.join(f'{say(side.axis)} {len(side.indices)}' for side in sides)}]"


def has_not_allowed(section: Section) -> bool:
    return any(bool((one.values == -np.inf).any()) for one in section.maps)


def has_no_number(section: Section) -> bool:
    return any(bool(np.isnan(one.values).any()) for one in section.maps)


def pooling(section: Section, say: Say) -> str:
    """Of how many numbers a cell is made, and how; empty where each cell is one number."""
    rows, columns = section.rows.step, section.columns.step
    if not section.pooled:
        return ""
    if section.how == "mean":
        return say("pooled: each cell is the mean of {rows} × {columns} numbers", rows=rows, columns=columns)
    if section.signed:
        return say(
            "pooled: each cell is the one of {rows} × {columns} numbers that is farthest from zero",
            rows=rows, columns=columns,
        )  # fmt: skip
    return say("pooled: each cell is the largest of {rows} × {columns} numbers", rows=rows, columns=columns)


def marks(section: Section) -> Iterator[tuple[str, list[str], str]]:
    """Of a grid: each kind that is clear in some heads, these with their scores, and what they do."""
    if len(section.maps) > 1:
        for kind, heads in marked(section.maps).items():
            scored = [f"{one.layer}.{one.head} {score_of(one, kind):.2f}" for one in heads]
            yield kind, scored, LOOKS[kind]
