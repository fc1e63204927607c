"""A table at a terminal: of numbers, or of words that may be broken into lines."""

from __future__ import annotations

from rich.console import Console

from attncli.render.page.figures import Table
from attncli.render.page.page import Options


def show(table: Table, console: Console, options: Options) -> None:
    """Prints the table in the layout that suits it."""
    if table.header and _is_of_numbers(table):
        from attncli.render.terminal.number_table import show as show_numbers

        show_numbers(table, console, options)
    else:
        from attncli.render.terminal.words_table import show as show_words

        show_words(table, console, options)


def _is_of_numbers(table: Table) -> bool:
    """Whether a table is labels and numbers, without words to break into lines."""
    label, *numbers = table.columns
    return label.kind == "label" and all(column.kind == "number" for column in numbers)
