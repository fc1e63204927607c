"""`attn versus`: attention beside recurrence, measured."""

from __future__ import annotations

import os
from typing import Any

import click

from attncli.cli.options import as_utf8, output_options, read_input, sentence_options
from attncli.errors import UsageError
from attncli.insights.versus.settings import D_MODEL, EXPERIMENTS, WIDEST, settings


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
    help="Run only this experiment; repeatable.  [default: all three]",
)
@click.option(
    "--d-model",
    type=click.IntRange(2, WIDEST),
    default=D_MODEL,
    show_default=True,
    metavar="N",
    help="Width of the word vectors, an even number. State sizes are chosen to match parameter counts.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of the random weights.")
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
    help="Bias of the LSTM's forget gates: the larger it is, the longer the LSTM remembers.  [default: 1]",
)
@click.option("--lengths", metavar="N,N,…", help="Text lengths to time.  [default: 16, 32, 64 … 2048]")
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Threads that the timed computation may use, at most one for each core.  [default: 1]",
)
@click.option(
    "--tokenizer",
    metavar="words|chars|bytes|PATH",
    default="words",
    show_default=True,
    help="How the text is split into tokens.",
)
@output_options
def command(**options: Any) -> None:
    """Check three claims made for the Transformer on SENTENCE.

    Self-attention is compared with an RNN and an LSTM: one layer each, with random weights and about the same
    number of parameters. sequential: the steps that must run one after another, the operations, and the time as
    the text grows. range: the influence of each earlier token on the last one, exact. order: what changes when the
    words are shuffled. Give - as the SENTENCE to read standard input.
    """
    _limit_threads(options["threads"] or 1)

    from attncli.cli.output import chosen_format, no_arrays, opened, render_options
    from attncli.cli.progress import Progress
    from attncli.insights.versus.request import compared
    from attncli.model.request import Input
    from attncli.render.page.formats import write
    from attncli.views.versus import page

    options = as_utf8(options)
    format_ = no_arrays(chosen_format(options), "a comparison")
    names = ("only", "d_model", "seed", "gain", "forget_bias", "lengths", "tokenizer")
    chosen = settings(*(options[name] for name in names))
    if options["threads"] is not None and "sequential" not in chosen.experiments:
        raise UsageError(
            "--threads only affects the experiment sequential, which --only leaves out.",
            "Add --only sequential, or leave out --threads.",
        )
    text, ids = read_input(options)
    with Progress() as progress:
        comparison, tokens = compared(chosen, Input(text=text, ids=None if ids is None else tuple(ids)), progress)
    shown = render_options(options)
    with opened(options["output"]) as output:
        write(format_, page(comparison, tokens, text, chosen, shown), output, shown)


def _limit_threads(count: int) -> None:
    """Sets the number of threads of numpy's libraries, which read it once, when numpy is imported. One thread is a
    fair start: a recurrent cell has no work for more, and several threads wait for each other on a busy
    machine."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    os.environ["VECLIB_MAXIMUM_THREADS"] = str(count)
