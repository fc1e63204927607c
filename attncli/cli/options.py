"""The options that commands share. `attncli.cli.requests` turns them into a Request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from attncli.cli import completing
from attncli.cli.parameters import (
    INPUT,
    MODEL,
    OUTPUT,
    SEEDED,
    SELECTION,
    Decorator,
    argument,
    language_option,
    option,
    together,
)
from attncli.errors import UsageError
from attncli.language import N_
from attncli.model.request import LARGEST, POSITIONS
from attncli.render.page.formats import formats_of
from attncli.render.page.picture_style import COLORS


def _size(flag: str, name: str, text: str, hidden: bool = False) -> Decorator[Any]:
    return option(flag, name, type=click.IntRange(1, LARGEST[name]), metavar="N", hidden=hidden, help=text)


ignore_config_option = option(
    "--ignore-config",
    metavar="FIELD",
    multiple=True,
    section=MODEL,
    help=N_("Accept this unknown field of config.json, because it does not change the numbers; repeatable."),
)
pager_option = option(
    "--pager/--no-pager",
    default=True,
    section=OUTPUT,
    help=N_("Show what is taller than the window with ATTN_PAGER, PAGER or less.  [default: on a terminal]"),
)
ascii_option = option(
    "--ascii",
    is_flag=True,
    section=OUTPUT,
    help=N_("Tables and maps in ASCII, for terminals that lack other characters."),
)

sentence_options = together(
    argument("sentence", required=False, help=N_("The text, in quotes; - reads standard input.")),
    option("--file", "file", type=click.Path(path_type=Path), help=N_("Read the sentence from a file.")),
    option("--ids", metavar="ID,ID,…", help=N_("Use these token ids instead of a sentence.")),
    section=INPUT,
)
"""The sentence, in its several forms."""

input_options = together(
    sentence_options,
    option("--pair", metavar="TEXT", help=N_("A second text, for encoders that take two (BERT).")),
    option(
        "--special-tokens/--no-special-tokens",
        default=True,
        help=N_("Whether the tokenizer adds [CLS], <s> and the like.  [default: add]"),
    ),
    option("--truncate", is_flag=True, help=N_("Keep only as many tokens as the model has positions.")),
    section=INPUT,
)
"""The sentence, and what a model's tokenizer does with it."""

target_options = together(
    option("--target", metavar="TEXT", help=N_("T5, BART and the like: what the decoder has produced so far.")),
    option("--target-ids", metavar="ID,ID,…", help=N_("The decoder's input as ids, start token included.")),
    section=INPUT,
)
"""What the decoder of an encoder-decoder reads."""

model_option = option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=completing.models,
    section=MODEL,
    help=N_(
        "A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, or a .safetensors/.npz file "
        "with one attention layer."
    ),
)
tokenizer_options = together(
    option(
        "-m",
        "--model",
        metavar="MODEL",
        shell_complete=completing.models,
        help=N_(
            "A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, or a "
            ".safetensors/.npz file with one attention layer, or seeded for random weights.  [default: "
            "story, the model that comes with attn; seeded with --seed]"
        ),
    ),
    option(
        "--tokenizer",
        metavar="words|chars|bytes|PATH",
        shell_complete=completing.tokenizers,
        help=N_("How to split text into tokens.  [default: the model's own; words for seeded weights]"),
    ),
    ignore_config_option,
    section=MODEL,
)
"""Which model, and how its tokenizer is chosen."""

model_options = together(
    tokenizer_options,
    option(
        "--adapter",
        metavar="ADAPTER",
        help=N_("A LoRA adapter to merge into the model's weights: a folder, or a name on the hub."),
    ),
    option(
        "--dtype",
        type=click.Choice(["float32", "float64"]),
        default="float32",
        show_default=True,
        help=N_("Precision of the arithmetic."),
    ),
    section=MODEL,
)
"""Which model, and how it is read."""

seed_option = option(
    "--seed", type=int, metavar="N", section=SEEDED, help=N_("Seeded weights: the random seed.  [default: 0]")
)


def shape_options(hidden: bool = False) -> Decorator[Any]:
    """The shape of seeded weights, and what a one-layer file does not say."""
    return together(
        _size("--d-model", "d_model", N_("Seeded weights: width.  [default: 8]"), hidden),
        _size("--layers", "layers", N_("Seeded weights: number of layers.  [default: 2]"), hidden),
        _size("--d-ff", "d_ff", N_("Seeded weights: feed-forward width.  [default: 4 × d_model]"), hidden),
        _size("--heads", "heads", N_("Seeded weights, one-layer file: number of heads.  [default: 2; 1]"), hidden),
        _size(
            "--kv-heads",
            "kv_heads",
            N_(
                "Seeded weights, one-layer file: number of key/value heads.  [default: as many as heads; as w_k "
                "has]"
            ),
            hidden,
        ),
        option(
            "--positions",
            hidden=hidden,
            metavar="ENCODING",
            type=click.Choice(POSITIONS),
            show_default="sinusoidal; none",
            help=N_("Seeded weights, one-layer file: positional encoding."),
        ),
        option(
            "--causal/--bidirectional",
            default=None,
            hidden=hidden,
            help=N_("Seeded weights, one-layer file: the mask.  [default: causal; bidirectional]"),
        ),
        section=SEEDED,
    )


seeded_options = together(seed_option, shape_options())
"""Seeded weights, and what a one-layer file does not say."""

query_options = together(
    option(
        "--query",
        metavar="TOKEN",
        help=N_(
            "Follow one token that attends, given by index or text, through the formula, with all numbers "
            "written out. With several (0,2-3) or with --stage: show only these rows of the stages."
        ),
    ),
    option(
        "--key",
        metavar="TOKEN",
        help=N_("With --query: the token attended to; shows every product of the two vectors."),
    ),
    option(
        "--attention",
        type=click.Choice(["self", "cross", "encoder"]),
        help=N_("With --query and an encoder-decoder: which attention.  [default: self, the decoder's own]"),
    ),
    option(
        "--top",
        metavar="K",
        help=N_(
            "Show the K largest, or all: words of logits and probs; with --query, keys; with --key, products.  "
            "[default: 5 words, 12 keys, 64 products; all words in npz and safetensors, all keys in JSON]"
        ),
    ),
    section=SELECTION,
)
"""Which query to follow, and how much of it to show."""


precision_option = option(
    "--precision",
    type=click.IntRange(0, 17),
    metavar="N",
    section=OUTPUT,
    help=N_("Digits after the decimal point, in tables.  [default: 4]"),
)
full_option = option("--full", is_flag=True, section=OUTPUT, help=N_("Show all rows and columns, however many."))


def _checked_size(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    from attncli.render.page.picture_style import LARGEST as LARGEST_INCHES
    from attncli.render.page.picture_style import SMALLEST, size_of

    if text is not None and size_of(text) is None:
        raise UsageError(
            N_("--size {text!r} is not the size of a picture.", text=text),
            N_(
                "Write WIDTHxHEIGHT or a width with its unit: 85x60mm, 85mm, 3.5in, 800x600px; {smallest:g} to "
                "{largest:g} inches.",
                smallest=SMALLEST,
                largest=LARGEST_INCHES,
            ),
        )
    return text


picture_options = together(
    option(
        "--size",
        metavar="WxH",
        callback=_checked_size,
        help=N_("Pictures: the size, as 85x60mm, or the width alone, as 85mm; in mm, cm, in or px."),
    ),
    option("--title", metavar="TEXT", help=N_("Pictures and html: a title.")),
    section=OUTPUT,
)
"""How pictures look."""

colors_option = option(
    "--colors",
    type=click.Choice(COLORS),
    section=OUTPUT,
    help=N_("Pictures: the scale of colors; all can be told apart by the color-blind."),
    show_default="attn",
)


def output_options(command: str, *shown: Decorator[Any], more: tuple[str, ...] = ()) -> Decorator[Any]:
    """Where the answer goes, and in which of the command's formats, or of `more`. `shown`: options of
    how it is shown."""
    return together(
        option(
            "--format",
            "format_",
            type=click.Choice([*formats_of(command), *more]),
            show_default=N_("as the ending of -o says, or table"),
            help=N_("Output format."),
        ),
        option("--json", "json_", is_flag=True, help=N_("Short for --format json.")),
        option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            help=N_(
                "Write to a file; its ending sets the format, and must not contradict --format. On an error "
                "nothing is written."
            ),
        ),
        *shown,
        picture_options,
        ascii_option,
        pager_option,
        language_option,
        section=OUTPUT,
    )
