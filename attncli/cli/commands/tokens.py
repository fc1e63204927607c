"""`attn tokens`: how a sentence is cut."""

from __future__ import annotations

from typing import Any

import click

from attncli.cli.options import (
    as_utf8,
    input_options,
    load,
    model_options,
    output_options,
    read_input,
    seeded_options,
    target_of,
    target_options,
    tokens_of,
)


@click.command(
    "tokens",
    epilog="\b\nExamples:\n"
    '  attn tokens "The cat sat on the mat"\n'
    '  attn tokens "猫が座った" --tokenizer bytes\n'
    '  attn tokens "Hello world" -m gpt2 --json | jq ".tokens[].text"\n'
    '  attn tokens "The cat sat." --target "Die Katze" -m ./t5\n'
    '  echo "Hello world" | attn tokens - -m ./bert',
)
@input_options
@target_options
@model_options
@seeded_options
@output_options
def command(**options: Any) -> None:
    """Show the tokens of SENTENCE: index, id, text, and the characters [start, end) they cover; with --target also
    what the decoder reads.

    Give - as the SENTENCE to read standard input.
    """
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.render.page.formats import write
    from attncli.views import tokens as view

    options = as_utf8(options)
    text, ids = read_input(options)
    format_ = chosen_format(options)
    model = load(options)
    tokens = tokens_of(model, options, text, ids)
    given = options["target"] is not None or options["target_ids"] is not None
    target = target_of(model, options) if given else None
    with opened(options["output"]) as output:
        shown = render_options(options)
        write(format_, view.page(text, model.name, tokens, target, shown), output, shown)
