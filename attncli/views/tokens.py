"""The tokens of a text: index, id, text, and the characters they cover."""

from __future__ import annotations

from collections.abc import Sequence

from attncli.language import N_
from attncli.render.page.figures import Column, Table
from attncli.render.page.page import Options, Page, Record, Section
from attncli.render.page.records import Records
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.version import __version__

WORDS = ("side", "text")
"""The fields that are words; the others are numbers."""


def page(text: str | None, model: str, tokens: Tokens, target: Tokens | None, options: Options) -> Page:
    """The tokens of a text; with `target` also those that the decoder reads. `model` is its name."""
    records: list[dict[str, object]] = tokens.records()
    if target is not None:
        sides = {N_("source"): records, N_("target"): target.records()}
        records = [{"side": side} | record for side, listed in sides.items() for record in listed]
    return Page(
        title=text or "attn tokens",
        head={"schema": "attn.tokens/1", "version": __version__, "text": text, "model": model},
        items="tokens",
        sections=[Section(lambda: [table(records, options)], Records(records))],
    )


def table(records: Sequence[Record], options: Options) -> Table:
    """Records that all have the same fields as a table."""

    def shown(value: object) -> str:
        if isinstance(value, str):
            return visible(options.say.marked(value))
        return "" if value is None else str(value)

    def column(field: str) -> Column:
        cells = [shown(record[field]) for record in records]
        return Column(N_(field), cells, "label" if field in WORDS else "number")

    return Table([column(field) for field in records[0]])
