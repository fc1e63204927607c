"""`attn tokens`: how a sentence is cut."""

from __future__ import annotations

from typing import Any

import click

from attncli.cli.options import input_options, load, model_options, output_options, read_input, tokens_of


@click.command(
    "tokens",
    epilog="\b\nExamples:\n"
    '  attn tokens "The cat sat on the mat"\n'
    '  attn tokens "猫が座った" --tokenizer bytes\n'
    '  attn tokens "Hello world" -m gpt2 --json | jq .tokens[].text\n'
    "  echo 'Hello world' | attn tokens - -m ./bert",
)
@input_options
@model_options
@output_options
def command(**options: Any) -> None:
    """Show the tokens of SENTENCE: index, id, text, and the characters [start, end) they cover.

    Give - as the SENTENCE to read standard input.
    """
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.render.records import write_records
    from attncli.version import __version__

    text, ids = read_input(options)
    format_ = chosen_format(options)
    model = load(options)
    tokens = tokens_of(model, options, text, ids)
    head = {"schema": "attn.tokens/1", "version": __version__, "text": text, "model": model.name}
    with opened(options["output"]) as output:
        write_records(format_, head, "tokens", tokens.records(), output, render_options(options))
