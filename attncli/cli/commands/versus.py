"""`attn versus`: attention and recurrence, measured."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from attncli.cli import completing
from attncli.cli.options import full_option, output_options, precision_option, sentence_options
from attncli.cli.parameters import option
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.errors import UsageError
from attncli.insights.versus.settings import D_MODEL, EXPERIMENTS, WIDEST, settings
from attncli.language import N_
from attncli.model.request import Input, Output

if TYPE_CHECKING:
    pass


@click.command(
    "versus",
    cls=Command,
    section=N_("Experiments"),
    about=[
        N_("Check three claims made for the Transformer on SENTENCE."),
        N_(
            "Self-attention is compared with an RNN and an LSTM: one layer each, with random weights and about "
            "the same number of parameters. sequential: the steps that must run one after another, the "
            "operations, and the time as the text grows. range: the exact influence of each earlier token on "
            "the last one. order: what changes when the words are shuffled."
        ),
    ],
    examples=[
        (N_("All three:"), 'attn versus "The cat sat on the mat"'),
        (N_("What the order of words changes:"), 'attn versus "The cat sat on the mat" --only order'),
        (N_("How far back each can see:"), 'attn versus "The cat sat on the mat" --only range --gain 1.6'),
        (N_("In Japanese:"), 'attn versus "猫がマットに座った。" --tokenizer chars --lang ja'),
        (
            N_("The time at these lengths:"),
            'attn versus "The cat sat" --only sequential --lengths 8,64,512 --threads 8',
        ),
        (N_("For programs:"), "attn versus - --json < text.txt | jq '.sequential.crossings'"),
    ],
)
@sentence_options
@option(
    "--only",
    type=click.Choice(EXPERIMENTS),
    multiple=True,
    show_default=N_("all three"),
    help=N_("Run only this experiment; repeatable."),
)
@option(
    "--d-model",
    type=click.IntRange(2, WIDEST),
    default=D_MODEL,
    show_default=True,
    metavar="N",
    help=N_("Width of the word vectors, an even number. State sizes are chosen to match parameter counts."),
)
@option("--seed", type=int, default=0, show_default=True, metavar="N", help=N_("Seed of the random weights."))
@option(
    "--gain",
    type=click.FloatRange(0, 100),
    metavar="NUMBER",
    help=N_("Spectral radius of the recurrent matrices: the RNN's, and each LSTM gate's.  [default: 1]"),
)
@option(
    "--forget-bias",
    type=click.FloatRange(-100, 100),
    metavar="NUMBER",
    help=N_("Bias of the LSTM's forget gates: the larger, the longer it remembers.  [default: 1]"),
)
@option("--lengths", metavar="N,N,…", help=N_("Sequence lengths to time.  [default: 16 to 2048, doubling]"))
@option(
    "--threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    help=N_("Threads for the timed arithmetic, at most one for each core.  [default: 1]"),
)
@option(
    "--tokenizer",
    metavar="words|chars|bytes|PATH",
    default="words",
    shell_complete=completing.tokenizers,
    show_default=True,
    help=N_("How to split text into tokens."),
)
@output_options("versus", precision_option, full_option)
@typed_options
def command(
    text: Input,
    output: Output,
    only: tuple[str, ...],
    d_model: int,
    seed: int,
    gain: float | None,
    forget_bias: float | None,
    lengths: str | None,
    threads: int | None,
    tokenizer: str,
) -> None:
    _limit_threads(threads or 1)

    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.cli.progress import Progress
    from attncli.insights.versus.request import compared
    from attncli.render.page.formats import write
    from attncli.views import versus as view

    format_ = chosen_format(output, "versus")
    asked = settings(only, d_model, seed, gain, forget_bias, lengths, tokenizer)
    if threads is not None and "sequential" not in asked.experiments:
        raise UsageError(
            N_("--threads only affects the experiment sequential, which --only leaves out."),
            N_("Add --only sequential, or leave out --threads."),
        )
    options = render_options(output)
    with Progress(say=options.say) as progress:
        comparison, tokens = compared(asked, text, progress)
    with opened(output.path, output.pager) as stream:
        write(format_, view.page(comparison, tokens, text.text, asked, options), stream, options)


def _limit_threads(count: int) -> None:
    """Sets the number of threads of numpy's libraries, which read it once, when numpy is imported. One thread
    makes a fair comparison: a recurrent cell has no work for more, and on a busy machine threads wait for each
    other."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    os.environ["VECLIB_MAXIMUM_THREADS"] = str(count)
