"""The `attn` command. Commands are imported when they are run, so that `attn --help` is instant."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from warnings import filterwarnings

import click

from attncli.errors import AttnError
from attncli.language import LANGUAGES, N_, language
from attncli.version import __version__

COMMANDS = {
    "explain": "Every number between a sentence and the attention output.",
    "map": "Where heads attend: one as a large map, a layer or a model as a grid.",
    "tokens": "The tokens of a sentence: index, id, text, characters.",
    "versus": "Attention compared with recurrence: time, range, order.",
    "pe": "Positional encodings: sinusoidal, rotary, ALiBi, or a model's own.",
    "model": "Description of a checkpoint: sizes, parts, tensors, stages.",
    "stages": "The stages: names, formulas, axes, and what other tools call them.",
    "families": "The families of models that attn knows, with their traits.",
    "schema": "The JSON Schema of what --json prints.",
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
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from attncli.errors import nearest

            hint: str = nearest(args[0], COMMANDS)
            if " " in args[0]:
                hint = f"To trace a sentence: attn explain {args[0]!r}"
            ctx.fail(f"no command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExamples:\n"
    '  attn explain "The cat sat on the mat"\n'
    '  attn explain "The cat sat on the mat" --query cat\n'
    '  attn map "The cat sat on the mat"\n'
    '  attn explain "The cat sat" -m gpt2 --layer 5 --head 1 --stage weights\n'
    "  attn explain \"The cat sat\" --json | jq '.stages[].name'\n"
    "  attn model ./my-llama\n"
    "  attn pe --dim 64 --length 10",
)
@click.version_option(__version__, prog_name="attn")
@click.option("--no-pager", is_flag=True, help="Never use a pager; as an option of a command, for that command.")
@click.pass_context
def cli(context: click.Context, no_pager: bool) -> None:
    """See every number between a sentence and the attention output.

    Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V, stage by stage, for the small trained model that comes with attn,
    seeded weights, a layer of your own, or a checkpoint (safetensors or GGUF) of any family that attn families
    lists.
    """
    if no_pager:
        context.default_map = {name: {"pager": False} for name in COMMANDS}


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
    try:
        code = cli.main(args=given, standalone_mode=False)
        sys.stdout.flush()
    except AttnError as error:
        _complain(given, error.message, error.hint)
        code = error.exit_code
    except click.UsageError as error:
        _complain(given, error.format_message(), _help_line(error))
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
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True)
        if argument == "--lang" or argument.startswith("--lang=")
    ]
    return named[-1] if named and named[-1] in LANGUAGES else None


def _help_line(error: click.UsageError) -> str | None:
    return None if error.ctx is None else N_("Try '{command} --help'.", command=error.ctx.command_path)


def _silence_stdout() -> None:
    """Keeps the interpreter from writing, when it exits, what is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
