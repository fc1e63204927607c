"""The captions above the tables of a worked example."""

from __future__ import annotations

from attncli.insights.worked_example import StageRow, WorkedExample
from attncli.language import N_, joined
from attncli.render.page.blocks import Formula, Heading, Note
from attncli.render.page.numbers import number
from attncli.render.page.page import Options
from attncli.views.subject import token_labels


def heading(example: WorkedExample, key: int | None = None) -> Heading:
    """Which attention, head and query, and which key where there is one. Where several heads share their keys and
    values, also whose they are."""
    query = token_labels(example.query_tokens)[example.query].strip()
    texts = [example.path, N_("head {head}", head=example.head), N_("query {token}", token=query)]
    if key is not None:
        texts.append(N_("key {token}", token=token_labels(example.key_tokens)[key].strip()))
    return Heading(joined(" · ", *texts), _sharing(example))


def _sharing(example: WorkedExample) -> str:
    group = example.heads // example.kv_heads
    if group == 1:
        return ""
    first = example.kv_head * group
    return N_(
        "uses the keys and values of key/value head {head}, shared by heads {first} to {last}",
        head=example.kv_head, first=first, last=first + group - 1,
    )  # fmt: skip


def formula(row: StageRow) -> Formula:
    """The formula of a stage."""
    return Formula(row.formula, row.meaning, row.detail)


def softmax_note(example: WorkedExample, options: Options) -> Note:
    """The maximum and the sum that the softmax uses."""
    maximum, total = (number(value, options.precision) for value in (example.max_score, example.total))
    if example.max_key is None:
        return Note(
            N_("max = {max}, at the sink; each e^(M-max) is divided by Σ = {total}", max=maximum, total=total)
        )
    key = token_labels(example.key_tokens)[example.max_key].strip()
    return Note(
        N_(
            "max = {max}, at key {key}; each e^(M-max) is divided by Σ = {total}",
            max=maximum, key=key, total=total,
        )
    )  # fmt: skip
