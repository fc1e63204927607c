"""`attn completion`: commands and options completed by the shell."""

from __future__ import annotations

import os
from pathlib import Path

import click

from attncli.cli.parameters import argument, language_option, option
from attncli.cli.parsing import Command
from attncli.cli.shell import Shell
from attncli.cli.shell_files import SHELLS, completion_script, install, installation
from attncli.errors import UsageError
from attncli.language import N_, language


@click.command(
    "completion",
    cls=Command,
    about=[
        N_("Complete the commands, options and values of attn with the Tab key, in bash, zsh or fish."),
        N_(
            "With --install, attn writes the files that the shell reads when it starts, and says which; a "
            "second time changes nothing. Without it, the script is printed. Besides commands and options, Tab "
            "completes stages, layers, heads, families, files, and the models in the cache of the hub."
        ),
    ],
    examples=[
        (N_("For the shell that you use:"), "attn completion --install"),
        (N_("For another shell:"), "attn completion --install zsh"),
        (N_("For this window only:"), "source <(attn completion bash)"),
        (N_("The same in fish:"), "attn completion fish | source"),
    ],
)
@argument(
    "shell", type=click.Choice(SHELLS), required=False, help=N_("bash, zsh or fish.  [default: that of $SHELL]")
)
@option("--install", "installs", is_flag=True, help=N_("Write the files that the shell reads."))
@language_option
@click.pass_context
def command(context: click.Context, shell: str | None, installs: bool, lang: str | None) -> None:
    if shell is None and not installs:
        click.echo(context.get_help())
        return
    chosen = shell or _shell_in_use()
    if not installs:
        click.echo(completion_script(chosen), nl=False)
        return
    files = installation(chosen, Path.home(), os.environ)
    changed = install(chosen, files)
    say = language((context.find_object(Shell) or Shell()).language)
    if not changed:
        click.echo(
            say(N_("Completion for {shell} is already installed: {script}", shell=chosen, script=files.script))
        )
    elif files.settings is None:
        click.echo(say(N_("Wrote {script}.", script=files.script)))
    else:
        click.echo(
            say(N_("Wrote {script}, and a line in {settings} that loads it.", script=files.script,
                   settings=files.settings))
        )  # fmt: skip
    click.echo(
        say(N_("It works in every new {shell} window. To undo it: rm {script}", shell=chosen, script=files.script))
    )


def _shell_in_use() -> str:
    named = Path(os.environ.get("SHELL", "")).name
    if named not in SHELLS:
        raise UsageError(
            N_("attn cannot tell which shell you use: SHELL is {named!r}.", named=os.environ.get("SHELL", "")),
            N_("Name it: attn completion --install bash (or zsh, or fish)"),
        )
    return named
