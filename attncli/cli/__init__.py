"""The `attn` command. Commands are imported when they are run, so that `attn --help` is instant."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING
from warnings import filterwarnings

import click

from attncli.cli.parameters import language_option, option
from attncli.cli.shell import VARIABLE, Shell, shown
from attncli.errors import AttnError
from attncli.language import LANGUAGES, N_, language
from attncli.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "explain": N_("Every number between a sentence and the attention output."),
    "map": N_("Where heads attend: one as a large map, a layer or a model as a grid."),
    "tokens": N_("The tokens of a sentence: index, id, text, characters."),
    "versus": N_("Attention compared with recurrence: time, range, order."),
    "pe": N_("Positional encodings: sinusoidal, rotary, ALiBi, or a model's own."),
    "model": N_("Description of a checkpoint: sizes, parts, tensors, stages."),
    "stages": N_("The stages: names, formulas, axes, and what other tools call them."),
    "families": N_("The families of models that attn knows, with their traits."),
    "schema": N_("The JSON Schema of what --json prints."),
    "completion": N_("Completion of commands and options in bash, zsh and fish."),
    "help": N_("How a command is used."),
}
"""Each command is a module of attncli.cli.commands with a function `command`. The texts are for `attn --help`."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"attncli.cli.commands.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name; a sentence in its place is explained."""
        word = args[0]
        if word in COMMANDS or word.startswith("-"):
            return super().resolve_command(ctx, args)
        if " " in word.strip() or not word.isascii():
            return "explain", self.get_command(ctx, "explain"), args
        from attncli.cli.usage import quoted, unknown_command

        explain = N_("To trace a sentence: attn explain {word}", word=quoted(word))
        raise unknown_command(word, [*COMMANDS], explain)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        items = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def get_help(self, ctx: click.Context) -> str:
        from attncli.cli.front_page import front_page

        return shown(front_page(ctx, COMMANDS), ctx)


@click.group(cls=_Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@language_option
@click.version_option(__version__, prog_name="attn")
@option("--no-pager", is_flag=True, help=N_("Never use a pager; as an option of a command, for that command."))
@click.pass_context
def cli(context: click.Context, lang: str | None, no_pager: bool) -> None:
    chosen = {"lang": lang} | ({"pager": False} if no_pager else {})
    context.default_map = dict.fromkeys(COMMANDS, chosen)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits: 0, or 1 for bad data, 2 for wrong usage, 130 for Ctrl-C."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    gc.disable()  # looking for cycles during imports and at the end takes a tenth of a short command's time
    # attn itself shows what is not a finite number and says where it comes from; numpy would quote lines of code
    filterwarnings("ignore", category=RuntimeWarning)
    # OpenBLAS's idle threads would spin for a while and keep a core from other work
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")
    if sys.stderr is None:  # closed by the caller: nobody reads it
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        _complain(given, N_("standard output is closed."), N_("Leave it open, or send it to a file."))
        sys.exit(1)
    if VARIABLE in os.environ:
        _complete()
    try:
        code = cli.main(args=given, prog_name="attn", standalone_mode=False, obj=Shell(asked_language(given)))
        sys.stdout.flush()
    except AttnError as error:
        _complain(given, error.message, error.hint)
        code = error.exit_code
    except click.UsageError as error:
        from attncli.cli.usage import sentences

        _complain(given, *sentences(error, given, cli))
        code = 2
    except click.ClickException as error:
        _complain(given, error.format_message())
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except (BrokenPipeError, SystemExit):  # click and Rich exit by themselves where a pipe is closed
        _silence_stdout()
        code = 0
    except MemoryError:
        _complain(
            given,
            N_("not enough memory."),
            N_("Ask for fewer stages, heads or rows: --stage, --head, --query."),
        )
        code = 1
    except OSError as error:
        _silence_stdout()
        _complain(given, _failure(error))
        code = 1
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)


def _complete() -> None:
    """Answers a shell that asks for completions. What fails offers nothing: an error would spoil the line that is
    being typed."""
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        cli.main(args=[], prog_name="attn", standalone_mode=False)
    except Exception:
        sys.exit(1)


def _failure(error: OSError) -> str:
    """What the system could not do. An error with a file name is about reading: the one place that writes files by
    name reports its own errors."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return N_("cannot read {file}: {reason}", file=os.fsdecode(error.filename), reason=reason)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return N_("cannot write the output: {reason}", reason=reason)
    return N_("input or output failed: {reason}", reason=reason)


def _complain(arguments: Sequence[str], message: str, hint: str | None = None) -> None:
    """Writes an error and its hint to stderr, in the language that the command line asks for."""
    from attncli.text.visible import visible_line

    say = language(asked_language(arguments))
    for text in [say("attn: error: {message}", message=message), *([] if hint is None else [say.marked(hint)])]:
        shown = "\n".join(visible_line(line) for line in text.splitlines())
        sys.stderr.write(shown.encode("utf-8", "backslashreplace").decode() + "\n")


def asked_language(arguments: Sequence[str]) -> str | None:
    """The language that --lang names among the arguments, read before click does: errors and help need it too.
    None: that of the locale."""
    named = [
        following if argument == "--lang" else argument.removeprefix("--lang=")
        for argument, following in pairwise([*arguments, ""])
        if argument == "--lang" or argument.startswith("--lang=")
    ]
    return named[-1] if named and named[-1] in LANGUAGES else None


def _silence_stdout() -> None:
    """Keeps the interpreter from writing, when it exits, what is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
