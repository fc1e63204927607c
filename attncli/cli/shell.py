"""What the whole command line has in common: the language that it asks for, also for help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from attncli.language import language

if TYPE_CHECKING:
    from attncli.cli.help_page import HelpPage


VARIABLE = "_ATTN_COMPLETE"
"""The variable by which a shell asks for completions."""


@dataclass(frozen=True)
class Shell:
    """What the whole command line has in common. `language`: as --lang names it; None: the locale's."""

    language: str | None = None


def shown(page: HelpPage, context: click.Context) -> str:
    """A page in the language of the command line."""
    from attncli.cli.help_page import help_text

    return help_text(page, language((context.find_object(Shell) or Shell()).language))
