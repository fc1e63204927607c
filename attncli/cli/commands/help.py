"""`attn help`: the page of a command."""

from __future__ import annotations

import sys

import click

from attncli.cli import completing
from attncli.cli.options import pager_option
from attncli.cli.parameters import argument, language_option
from attncli.cli.parsing import Command
from attncli.language import N_


@click.command(
    "help",
    cls=Command,
    about=[N_("Show how attn, or one of its commands, is used.")],
    examples=[
        (N_("The list of commands:"), "attn help"),
        (N_("The options of a command:"), "attn help explain"),
        (N_("The same in Japanese:"), "attn help explain --lang ja"),
    ],
)
@argument(
    "name",
    metavar="COMMAND",
    required=False,
    shell_complete=completing.commands,
    help=N_("The command; without one, attn itself."),
)
@pager_option
@language_option
@click.pass_context
def command(context: click.Context, name: str | None, pager: bool, lang: str | None) -> None:
    root = context.find_root()
    if name is None:
        _show(root.get_help(), pager)
        return
    assert isinstance(root.command, click.Group)
    found = root.command.get_command(root, name)
    if found is None:
        from attncli.cli.usage import unknown_command

        raise unknown_command(name, root.command.list_commands(root))
    with click.Context(found, parent=root, info_name=name) as shown:
        _show(found.get_help(shown), pager)


def _show(page: str, pager: bool) -> None:
    """Prints a page of help; on a terminal that is too small for it, with the pager."""
    from attncli.cli.output import opened

    with opened(None, pager) as output:
        output.write(f"{page}\n".encode(sys.stdout.encoding, "backslashreplace"))
