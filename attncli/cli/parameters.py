"""Options and arguments that know which section of the help lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from attncli.language import LANGUAGES, N_

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

INPUT, MODEL, SEEDED = N_("Input"), N_("Model"), N_("Seeded weights, and files with one layer")
SELECTION, OUTPUT, OTHER = N_("Selection"), N_("Output"), N_("Other")


class Option(click.Option):
    """An option with the section of the help that lists it."""

    def __init__(self, *arguments: Any, section: str = OTHER, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.section = section


class Argument(click.Argument):
    """An argument with a line of help, and the section that lists it."""

    def __init__(self, *arguments: Any, help: str, section: str = INPUT, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.help, self.section = help, section


def option(*flags: str, **settings: Any) -> Decorator[Any]:
    """Adds an option to a command. `help` is marked for translation."""
    return click.option(*flags, cls=Option, **settings)


def argument(name: str, **settings: Any) -> Decorator[Any]:
    """Adds an argument to a command. `help` is marked for translation."""
    return click.argument(name, cls=Argument, **settings)


language_option = option(
    "--lang",
    type=click.Choice(LANGUAGES),
    section=OUTPUT,
    show_default=N_("the locale's, or en"),
    help=N_("Language of help, captions and messages."),
)


def together(*options: Decorator[Any], section: str | None = None) -> Decorator[Any]:
    """Several options as one decorator, in the order of the help; `section`: where the help lists those that name
    no section themselves."""

    def add(command: Command) -> Command:
        before = len(getattr(command, "__click_params__", ()))
        for decorate in reversed(options):
            command = decorate(command)
        added = getattr(command, "__click_params__", ())[before:]
        for parameter in added:
            if section is not None and isinstance(parameter, Option | Argument) and parameter.section == OTHER:
                parameter.section = section
        return command

    return add
