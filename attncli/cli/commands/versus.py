"""`attn versus`: attention beside recurrence, measured."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import click

from attncli.cli.options import as_utf8, output_options, read_input, sentence_options
from attncli.errors import UsageError
from attncli.insights.versus import EXPERIMENTS

if TYPE_CHECKING:
    from attncli.formula.types import Array
    from attncli.text.tokens import Tokens

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
    from attncli.insights.versus.comparison import LENGTHS, compare
    from attncli.insights.versus.models import seeded_models
    from attncli.render.page.formats import write
    from attncli.views.versus import page

    options = as_utf8(options)
    format_ = no_arrays(chosen_format(options), "a comparison")
    experiments = options["only"] or EXPERIMENTS
    lengths = _checked(options, experiments)
    gain, forget_bias = (1.0 if options[name] is None else options[name] for name in ("gain", "forget_bias"))
    text, tokens, x = _embedded(options)
    seed, d_model = options["seed"], options["d_model"]
    models = seeded_models(d_model, seed, gain, forget_bias)
    with Progress() as progress:
        comparison = compare(
            models, x, tokens.ids, seed, experiments, LENGTHS if lengths is None else lengths, progress=progress
        )
    settings = {"seed": seed, "d_model": d_model, "gain": gain, "forget_bias": forget_bias}
    shown = render_options(options)
    with opened(options["output"]) as output:
        write(format_, page(comparison, tokens, text, settings, shown), output, shown)


def _limit_threads(count: int) -> None:
    """Sets the number of threads of numpy's libraries, which read it once, when numpy is imported. One thread is a
    fair start: a recurrent cell has no work for more, and several threads wait for each other on a busy
    machine."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    os.environ["VECLIB_MAXIMUM_THREADS"] = str(count)


def _checked(options: dict[str, Any], experiments: Collection[str]) -> list[int] | None:
    """The lengths to time, in ascending order. Raises UsageError for options that contradict each other."""
    if options["d_model"] % 2 and "order" in experiments:
        raise UsageError(
            f"--d-model {options['d_model']} is odd, and sinusoidal positions come in pairs.",
            "Take an even number.",
        )
    for name in ("lengths", "threads"):
        if options[name] is not None and "sequential" not in experiments:
            raise UsageError(
                f"--{name} only affects the experiment sequential, which --only leaves out.",
                f"Add --only sequential, or leave out --{name}.",
            )
    for name in ("gain", "forget_bias"):
        if options[name] is not None and tuple(experiments) == ("sequential",):
            raise UsageError(f"--{name.replace('_', '-')} does not affect the experiment sequential.")
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
            f"The text has {len(tokens)} tokens; at most {MOST_TOKENS} can be compared.", "Shorten the text."
        )
    model = model.bind(model, tokens)
    check_tokens(model.spec, tokens)
    return text, tokens, model.weights.rows("embed.tokens.weight", tokens.ids)
