"""Worked examples: a query of a head, from its vector to the output, or its product with one key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from attncli.insights.worked_example import WorkedExample, largest, none_alone, only
from attncli.render.page.page import Block, Options, Page, Section
from attncli.tracing.trace import Trace, head_object
from attncli.views.subject import opening
from attncli.views.worked_example.data import ExampleData
from attncli.views.worked_example.pair import pair_blocks
from attncli.views.worked_example.query import query_blocks

Top = int | Literal["all"] | None
"""How many keys, or products of a key, are written out. None: KEYS or PRODUCTS for people, all for programs."""
KEYS, PRODUCTS = 12, 64


def page(head: Trace, examples: Sequence[WorkedExample], key: int | None, top: Top, options: Options) -> Page:
    """A section for each example. `key`: the key whose product with the query is shown; None: the way from the
    query to the output. `head` is the trace without stages."""
    return Page(
        title=head.text or "attn",
        head=head_object(replace(head, schema="attn.worked/1")),
        items="examples",
        opening=lambda: opening(head, options.say),
        sections=[_section(example, key, top, options) for example in examples],
    )


def _section(example: WorkedExample, key: int | None, top: Top, options: Options) -> Section:
    def blocks() -> Iterator[Block]:
        if key is None:
            shown = largest(example, _count(top, KEYS, options))
            return query_blocks(example, none_alone(example, shown) if top is None else shown, options)
        products = len(example.q.values)
        count = products if top is None and products == PRODUCTS + 1 else _count(top, PRODUCTS, options)
        return pair_blocks(example, key, count, options)

    choice = largest(example, None if top == "all" else top) if key is None else only(example, np.array([key]))
    return Section(blocks, ExampleData(example, choice))


def _count(top: Top, default: int, options: Options) -> int | None:
    """How many are written out for people; None: all."""
    if options.full or top == "all":
        return None
    return default if top is None else top
