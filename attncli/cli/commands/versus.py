"""`attn versus`: attention and recurrence, measured."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import click

from attncli.cli.options import as_utf8, output_options, read_input, sentence_options
from attncli.errors import UsageError

if TYPE_CHECKING:
    from attncli.formula.types import Array
    from attncli.text.tokens import Tokens

EXPERIMENTS = ("sequential", "range", "order")
D_MODEL, WIDEST, LONGEST = 64, 1024, 1 << 16
MOST_TOKENS = 1 << 14


@click.command(
    "versus",
    epilog="\b\nExamples:\n"
    '  attn versus "The cat sat on the mat"\n'
    '  attn versus "The cat sat on the mat" --only order\n'
    '  attn versus "The cat sat on the mat" --only range --gain 1.6\n'
    '  attn versus "猫がマットに座った。" --tokenizer chars --lang ja\n'
    '  attn versus "The cat sat" --only sequential --lengths 8,64,512,4096 --threads 8\n'
    '  attn versus - --json < text.txt | jq ".sequential.crossings"',
)
@sentence_options
@click.option(
    "--only",
    type=click.Choice(EXPERIMENTS),
    multiple=True,
    help="Only this experiment; repeatable.  [default: all three]",
)
@click.option(
    "--d-model",
    type=click.IntRange(2, WIDEST),
    default=D_MODEL,
    show_default=True,
    metavar="N",
    help="Width of the word vectors, an even number. States are as wide as makes the parameters about the same.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="What the weights are drawn from."
)
@click.option(
    "--gain",
    type=click.FloatRange(0, 100),
    metavar="NUMBER",
    help="Spectral radius of the recurrent matrices: of the RNN, and of each gate of the LSTM.  [default: 1]",
)
@click.option(
    "--forget-bias",
    type=click.FloatRange(-100, 100),
    metavar="NUMBER",
    help="Bias of the LSTM's forget gates: the larger, the longer it keeps.  [default: 1]",
)
@click.option(
    "--lengths", metavar="N,N,…", help="Lengths to time.  [default: 16 to 2048, each twice the one before]"
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="How many threads the timed arithmetic may use, at most as many as there are cores.  [default: 1]",
)
@click.option(
    "--tokenizer",
    metavar="words|chars|bytes|PATH",
    default="words",
    show_default=True,
    help="How text is cut into tokens.",
)
@output_options
def command(**options: Any) -> None:
    """Show on SENTENCE the claims by which the Transformer was introduced: self-attention beside an RNN and an
    LSTM, one seeded layer each with about the same number of parameters.

    sequential: the steps that must follow one another, the operations, and the time at growing lengths. range: the
    influence of each earlier token on the last one, exact. order: what shuffling the words changes. Give - as the
    SENTENCE to read standard input.
    """
    _limit_threads(options["threads"] or 1)

    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.cli.progress import Progress
    from attncli.insights.versus.comparison import LENGTHS, compare
    from attncli.insights.versus.models import draw
    from attncli.text.language import N_

    options = as_utf8(options)
    format_ = chosen_format(options)
    if format_ in ("npz", "safetensors"):
        raise UsageError(f"{format_} holds the stages of a trace, not a comparison.", "Take --json, csv or md.")
    wanted = options["only"] or EXPERIMENTS
    lengths = _checked(options, wanted)
    gain, forget_bias = (1.0 if options[name] is None else options[name] for name in ("gain", "forget_bias"))
    text, tokens, x = _embedded(options)
    models = draw(options["d_model"], options["seed"], gain, forget_bias)
    with Progress() as progress:
        found = compare(
            models, x, tokens.ids, options["seed"], wanted, LENGTHS if lengths is None else lengths, told=progress
        )
    settings = {"seed": options["seed"], "d_model": options["d_model"], "gain": gain, "forget_bias": forget_bias}
    with opened(options["output"]) as output:
        if format_ in ("table", "md"):
            from attncli.render.versus import write_versus

            named = N_(
                "seed {seed} · d_model {d_model} · gain {gain} · forget bias {forget_bias}",
                **{name: f"{value:g}" if isinstance(value, float) else value for name, value in settings.items()},
            )
            write_versus(format_, found, tokens, named, output, render_options(options))
            return
        from attncli.render.page.formats import write
        from attncli.render.page.page import Page
        from attncli.render.versus_document import document

        page = Page("attn versus", document(found, tokens, text, settings))
        write(format_, page, output, render_options(options))


def _limit_threads(count: int) -> None:
    """Before numpy is imported: its libraries read this once. One thread is the fair start, as a recurrent cell
    has no work for more; and several wait for one another where the machine has other work."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    os.environ["VECLIB_MAXIMUM_THREADS"] = str(count)


def _checked(options: dict[str, Any], wanted: Collection[str]) -> list[int] | None:
    """The lengths to time, sorted. Raises UsageError for options that do not go together."""
    if options["d_model"] % 2 and "order" in wanted:
        raise UsageError(
            f"sinusoidal positions come in pairs: --d-model {options['d_model']} is odd.",
            "Take an even --d-model.",
        )
    for name in ("lengths", "threads"):
        if options[name] is not None and "sequential" not in wanted:
            raise UsageError(f"--{name} is for what --only sequential times.", "Leave one of the two out.")
    for name in ("gain", "forget_bias"):
        if options[name] is not None and tuple(wanted) == ("sequential",):
            raise UsageError(f"--{name.replace('_', '-')} does not change what --only sequential shows.")
    if options["lengths"] is None:
        return None
    try:
        lengths = sorted({int(part) for part in options["lengths"].split(",")})
    except ValueError:
        lengths = []
    if not lengths or not 1 <= lengths[0] <= lengths[-1] <= LONGEST:
        raise UsageError(
            f"--lengths {options['lengths']!r}: give numbers from 1 to {LONGEST}, as in --lengths 16,128,1024."
        )
    return lengths


def _embedded(options: dict[str, Any]) -> tuple[str | None, Tokens, Array]:
    """The text, its tokens, and their seeded vectors [position, d_model], float64."""
    from attncli.api import tokenize
    from attncli.model.loading import load_model
    from attncli.model.running import check_tokens

    text, ids = read_input(options)
    model = load_model(
        seed=options["seed"], d_model=options["d_model"], layers=1, heads=1, positions="none",
        tokenizer=options["tokenizer"], dtype="float64",
    )  # fmt: skip
    tokens = tokenize(model, text, None, ids)
    if len(tokens) > MOST_TOKENS:
        raise UsageError(
            f"{len(tokens)} tokens are more than the {MOST_TOKENS} that are compared.", "Shorten the text."
        )
    model = model.bind(model, tokens)
    check_tokens(model.spec, tokens)
    return text, tokens, model.weights.rows("embed.tokens.weight", tokens.ids)
