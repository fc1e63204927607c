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
from attncli.text.language import N_


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
    from attncli.render.records import write_records
    from attncli.version import __version__

    options = as_utf8(options)
    text, ids = read_input(options)
    format_ = chosen_format(options)
    model = load(options)
    records = tokens_of(model, options, text, ids).records()
    if options["target"] is not None or options["target_ids"] is not None:
        target = target_of(model, options)
        assert target is not None
        sides = {N_("source"): records, N_("target"): target.records()}
        records = [{"side": side} | record for side, listed in sides.items() for record in listed]
    head = {"schema": "attn.tokens/1", "version": __version__, "text": text, "model": model.name}
    with opened(options["output"]) as output:
        write_records(format_, head, "tokens", records, output, render_options(options))
