"""What is said beside maps, in every format: captions, what marks mean, what was pooled."""

from __future__ import annotations

from attncli.insights.maps import HeadMap, Section, score_of

MARKS = {
    "previous": "the token before",
    "first": "the first token",
    "self": "itself",
    "same": "the last equal token",
    "induction": "what came after the last equal token",
}
"""What each kind of head looks at."""


def place(one: HeadMap) -> str:
    """3.1 for head 1 of layer 3; where there are no layers, head 1."""
    return f"head {one.head}" if one.layer is None else f"{one.layer}.{one.head}"


def title(one: HeadMap, sort: str) -> tuple[str, str]:
    """The place of a head with the score that it is sorted by, and its mark."""
    score = score_of(one, sort)
    shown = "" if score is None else f" {score:.2f}" + (" bits" if sort == "entropy" else "")
    return place(one) + shown, "" if one.scores is None or one.scores.mark is None else one.scores.mark


def full_title(one: HeadMap) -> str:
    """The name of a map that stands alone, and what it does."""
    head = "" if one.head is None else f" · head {one.head}"
    return one.stage + head + doing(one)


def doing(one: HeadMap) -> str:
    if one.scores is None or one.scores.mark is None:
        return ""
    return f" · looks at {MARKS[one.scores.mark]} ({score_of(one, one.scores.mark):.2f})"


def shape(section: Section) -> str:
    """[query 6 × key 6]."""
    sides = (section.rows, section.columns)
    return f"[{' × '.join(f'{side.axis} {len(side.indices)}' for side in sides)}]"


def pooling(section: Section) -> str:
    """Of how many numbers a cell is made, and how; empty where each cell is one number."""
    if not section.pooled:
        return ""
    of = {
        "max": "the largest" if not section.signed else "the one farthest from zero",
        "mean": "the mean",
    }[section.how]
    return f"pooled: each cell is {of} of {section.rows.step} × {section.columns.step} numbers"


MARKED = (
    "A head is marked where its mean weight on such tokens is more than halfway from that of a head that looks at "
    "all tokens alike to 1."
)
