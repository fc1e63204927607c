"""The options that commands share. `attncli.cli.requests` turns them into a Request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from attncli.errors import UsageError
from attncli.language import LANGUAGES, N_
from attncli.model.request import LARGEST, POSITIONS
from attncli.render.page.formats import formats_of
from attncli.render.page.picture_style import COLORS

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]


def together(*options: Decorator[Any]) -> Decorator[Any]:
    """Several options as one decorator. `--help` lists them in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _size(flag: str, name: str, text: str, hidden: bool = False) -> Decorator[Any]:
    return click.option(flag, name, type=click.IntRange(1, LARGEST[name]), metavar="N", hidden=hidden, help=text)


ignore_config_option = click.option(
    "--ignore-config",
    metavar="FIELD",
    multiple=True,
    help="Accept this unknown field of config.json, because it does not change the numbers; repeatable.",
)
language_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), help="Language of captions.  [default: the locale's, or en]"
)
pager_option = click.option(
    "--pager/--no-pager",
    default=True,
    help="Show what is taller than the window with ATTN_PAGER, PAGER or less.  [default: on a terminal]",
)
ascii_option = click.option(
    "--ascii", is_flag=True, help="Tables and maps in ASCII, for terminals that lack other characters."
)

sentence_options = together(
    click.argument("sentence", required=False),
    click.option("--file", "file", type=click.Path(path_type=Path), help="Read the sentence from a file."),
    click.option("--ids", metavar="ID,ID,…", help="Use these token ids instead of a sentence."),
)
"""The sentence, in its several forms."""

input_options = together(
    sentence_options,
    click.option("--pair", metavar="TEXT", help="A second text, for encoders that take two (BERT)."),
    click.option(
        "--special-tokens/--no-special-tokens",
        default=True,
        help="Whether the tokenizer adds [CLS], <s> and the like.  [default: add]",
    ),
    click.option("--truncate", is_flag=True, help="Keep only as many tokens as the model has positions."),
)
"""The sentence, and what a model's tokenizer does with it."""

target_options = together(
    click.option("--target", metavar="TEXT", help="T5, BART and the like: what the decoder has produced so far."),
    click.option("--target-ids", metavar="ID,ID,…", help="The decoder's input as ids, start token included."),
)
"""What the decoder of an encoder-decoder reads."""

model_option = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    help="A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, or a .safetensors/.npz "
    "file with one attention layer.",
)
tokenizer_options = together(
    click.option(
        "-m",
        "--model",
        metavar="MODEL",
        help="A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, or a .safetensors/.npz "
        "file with one attention layer, or seeded for random weights.  [default: story, the model that comes with "
        "attn; seeded with --seed]",
    ),
    click.option(
        "--tokenizer",
        metavar="words|chars|bytes|PATH",
        help="How to split text into tokens.  [default: the model's own; words for seeded weights]",
    ),
    ignore_config_option,
)
"""Which model, and how its tokenizer is chosen."""

model_options = together(
    tokenizer_options,
    click.option(
        "--adapter",
        metavar="ADAPTER",
        help="A LoRA adapter to merge into the model's weights: a folder, or a name on the hub.",
    ),
    click.option(
        "--dtype",
        type=click.Choice(["float32", "float64"]),
        default="float32",
        show_default=True,
        help="Precision of the arithmetic.",
    ),
)
"""Which model, and how it is read."""

seed_option = click.option("--seed", type=int, metavar="N", help="Seeded weights: the random seed.  [default: 0]")


def shape_options(hidden: bool = False) -> Decorator[Any]:
    """The shape of seeded weights, and what a one-layer file does not say."""
    return together(
        _size("--d-model", "d_model", "Seeded weights: width.  [default: 8]", hidden),
        _size("--layers", "layers", "Seeded weights: number of layers.  [default: 2]", hidden),
        _size("--d-ff", "d_ff", "Seeded weights: feed-forward width.  [default: 4 × d_model]", hidden),
        _size("--heads", "heads", "Seeded weights, one-layer file: number of heads.  [default: 2; 1]", hidden),
        _size(
            "--kv-heads",
            "kv_heads",
            "Seeded weights, one-layer file: number of key/value heads.  [default: as many as heads; as w_k has]",
            hidden,
        ),
        click.option(
            "--positions",
            hidden=hidden,
            type=click.Choice(POSITIONS),
            help="Seeded weights, one-layer file: positional encoding.  [default: sinusoidal; none]",
        ),
        click.option(
            "--causal/--bidirectional",
            default=None,
            hidden=hidden,
            help="Seeded weights, one-layer file: the mask.  [default: causal; bidirectional]",
        ),
    )


seeded_options = together(seed_option, shape_options())
"""Seeded weights, and what a one-layer file does not say."""

query_options = together(
    click.option(
        "--query",
        metavar="TOKEN",
        help="Follow one token that attends, given by index or text, through the formula, with all numbers "
        "written out. With several (0,2-3) or with --stage: show only these rows of the stages.",
    ),
    click.option(
        "--key",
        metavar="TOKEN",
        help="With --query: the token attended to; shows every product of the two vectors.",
    ),
    click.option(
        "--attention",
        type=click.Choice(["self", "cross", "encoder"]),
        help="With --query and an encoder-decoder: which attention.  [default: self, the decoder's own]",
    ),
    click.option(
        "--top",
        metavar="K",
        help="Show the K largest, or all: words of logits and probs; with --query, keys; with --key, products.  "
        "[default: 5 words, 12 keys, 64 products; all words in npz and safetensors, all keys in JSON]",
    ),
)
"""Which query to follow, and how much of it to show."""


precision_option = click.option(
    "--precision",
    type=click.IntRange(0, 17),
    metavar="N",
    help="Digits after the decimal point, in tables.  [default: 4]",
)
full_option = click.option("--full", is_flag=True, help="Show all rows and columns, however many.")


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
    click.option(
        "--size",
        metavar="WxH",
        callback=_checked_size,
        help="Pictures: the size, as 85x60mm, or the width alone, as 85mm; in mm, cm, in or px.",
    ),
    click.option("--title", metavar="TEXT", help="Pictures and html: a title."),
)
"""How pictures look."""

colors_option = click.option(
    "--colors",
    type=click.Choice(COLORS),
    help="Pictures: the scale of colors; all can be told apart by the color-blind.  [default: attn]",
)


def output_options(command: str, *shown: Decorator[Any], more: tuple[str, ...] = ()) -> Decorator[Any]:
    """Where the answer goes, and in which of the command's formats, or of `more`. `shown`: options of
    how it is shown."""
    return together(
        click.option(
            "--format",
            "format_",
            type=click.Choice([*formats_of(command), *more]),
            help="Output format.  [default: as the ending of -o says, or table]",
        ),
        click.option("--json", "json_", is_flag=True, help="Short for --format json."),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            help="Write to a file; its ending sets the format, and must not contradict --format. On an error "
            "nothing is written.",
        ),
        *shown,
        picture_options,
        ascii_option,
        pager_option,
        language_option,
    )
