"""`attn tokens`: how a sentence is split into tokens."""

from __future__ import annotations

import click

from attncli.cli.options import (
    input_options,
    output_options,
    seed_option,
    shape_options,
    target_options,
    tokenizer_options,
)
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.language import N_
from attncli.model.request import Request


@click.command(
    "tokens",
    cls=Command,
    about=[
        N_(
            "Show the tokens of SENTENCE: index, id, text, and the characters from start up to end that each "
            "covers."
        ),
        N_("With --target, also show the tokens that the decoder reads."),
    ],
    examples=[
        (N_("The tokens of the model that comes with attn:"), 'attn tokens "The cat sat on the mat"'),
        (N_("The bytes of a text:"), 'attn tokens "猫が座った" --tokenizer bytes'),
        (N_("A model from the hub:"), 'attn tokens "Hello world" -m gpt2'),
        (N_("Both sides of a translation:"), 'attn tokens "The cat sat." --target "Die Katze" -m ./t5'),
        (N_("From standard input:"), 'echo "Hello world" | attn tokens - -m ./bert'),
        (N_("For programs:"), "attn tokens \"Hello world\" --json | jq '.tokens[].text'"),
    ],
)
@input_options
@target_options
@tokenizer_options
@seed_option
@shape_options(hidden=True)
@output_options("tokens")
@typed_options
def command(request: Request) -> None:
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.model.input import tokenize, tokenize_target
    from attncli.model.loading import load
    from attncli.render.page.formats import write
    from attncli.views import tokens as view

    asked, format_ = request.input, chosen_format(request.output, "tokens")
    model = load(request.model)
    tokens = tokenize(model, asked.text, asked.pair, asked.ids, asked.special_tokens, asked.truncate)
    target = None
    if asked.target is not None or asked.target_ids is not None:
        target = tokenize_target(model, asked.target, asked.target_ids, asked.special_tokens)
    options = render_options(request.output)
    with opened(request.output.path, request.output.pager) as output:
        write(format_, view.page(asked.text, model.name, tokens, target, options), output, options)
