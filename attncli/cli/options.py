"""The options that commands share, and what they mean together."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from attncli.errors import AttnError, UsageError
from attncli.text.language import LANGUAGES

if TYPE_CHECKING:
    from attncli.model.running import Model
    from attncli.text.tokens import Tokens

Command = TypeVar("Command", bound=Callable[..., Any])
FORMATS = ("table", "json", "ndjson", "csv", "npz", "safetensors", "md")


ignore_config_option = click.option(
    "--ignore-config",
    metavar="FIELD",
    multiple=True,
    help="A field of config.json that attn does not know and that does not change the numbers; repeatable.",
)


def sentence_options(command: Command) -> Command:
    """The sentence, in its several forms."""
    for option in reversed(
        (
            click.argument("sentence", required=False),
            click.option("--file", "file", type=click.Path(path_type=Path), help="Read the sentence from a file."),
            click.option("--ids", metavar="ID,ID,…", help="Token ids as they are, instead of a sentence."),
        )
    ):
        command = option(command)
    return command


def input_options(command: Command) -> Command:
    """The sentence, and what a model's tokenizer may do with it."""
    for option in reversed(
        (
            sentence_options,
            click.option("--pair", metavar="TEXT", help="A second segment, for encoders that take two (BERT)."),
            click.option(
                "--special-tokens/--no-special-tokens",
                default=True,
                help="Whether the tokenizer adds [CLS], <s> and the like.  [default: add]",
            ),
            click.option("--truncate", is_flag=True, help="Keep only as many tokens as the model has positions."),
        )
    ):
        command = option(command)
    return command


def target_options(command: Command) -> Command:
    """What the decoder of an encoder-decoder reads."""
    for option in reversed(
        (
            click.option("--target", metavar="TEXT", help="T5, BART and kin: what the decoder has said so far."),
            click.option(
                "--target-ids", metavar="ID,ID,…", help="The decoder's input as it is, its start token included."
            ),
        )
    ):
        command = option(command)
    return command


def model_options(command: Command) -> Command:
    """Which model, and how it is read."""
    for option in reversed(
        (
            click.option(
                "-m",
                "--model",
                metavar="MODEL",
                help="A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, or a "
                ".safetensors/.npz file with one attention layer.  [default: story, the model that comes with "
                "attn; seeded weights where --seed, a shape or a tokenizer is given]",
            ),
            click.option(
                "--adapter",
                metavar="ADAPTER",
                help="A LoRA adapter for the model, merged into its weights: a folder, or a name on the hub.",
            ),
            click.option(
                "--tokenizer",
                metavar="words|chars|bytes|PATH",
                help="How text is cut into tokens.  [default: the model's own; words if seeded]",
            ),
            click.option(
                "--dtype",
                type=click.Choice(["float32", "float64"]),
                default="float32",
                show_default=True,
                help="Precision of the arithmetic.",
            ),
            ignore_config_option,
        )
    ):
        command = option(command)
    return command


def seeded_options(command: Command) -> Command:
    """The shape of seeded weights, and what the file of one layer does not say."""
    for option in reversed(
        (
            click.option(
                "--seed", type=int, metavar="N", help="Seeded: what the weights are drawn from.  [default: 0]"
            ),
            click.option("--d-model", type=_Size(65536), metavar="N", help="Seeded: width.  [default: 8]"),
            click.option("--layers", type=_Size(1024), metavar="N", help="Seeded: layers.  [default: 2]"),
            click.option(
                "--d-ff",
                type=_Size(1 << 20),
                metavar="N",
                help="Seeded: feed-forward width.  [default: 4 d_model]",
            ),
            click.option(
                "--heads", type=_Size(4096), metavar="N", help="Seeded, or one layer's: heads.  [default: 2; 1]"
            ),
            click.option(
                "--kv-heads",
                type=_Size(4096),
                metavar="N",
                help="Seeded, or one layer's: key/value heads.  [default: as heads; as w_k has]",
            ),
            click.option(
                "--positions",
                type=click.Choice(["sinusoidal", "learned", "rotary", "alibi", "none"]),
                help="Seeded, or one layer's: how tokens know their place.  [default: sinusoidal; none]",
            ),
            click.option(
                "--causal/--bidirectional",
                default=None,
                help="Seeded, or one layer's: the mask.  [default: causal; bidirectional]",
            ),
        )
    ):
        command = option(command)
    return command


def output_options(command: Command, formats: tuple[str, ...] = FORMATS) -> Command:
    """How and where to."""
    for option in reversed(
        (
            click.option(
                "--format", "format_", type=click.Choice(formats), help="Output format.  [default: table]"
            ),
            click.option("--json", "json_", is_flag=True, help="Short for --format json."),
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path),
                help="Write to a file (whole or not at all); its ending sets the format.",
            ),
            click.option(
                "--precision",
                type=click.IntRange(0, 17),
                metavar="N",
                default=4,
                show_default=True,
                help="Digits after the point, in tables.",
            ),
            click.option("--full", is_flag=True, help="Leave nothing out of tables, however wide."),
            click.option(
                "--lang",
                type=click.Choice(LANGUAGES),
                help="The language of captions, in tables and Markdown.  [default: the locale's, or en]",
            ),
        )
    ):
        command = option(command)
    return command


class _Size(click.IntRange):
    """A count from 1 to a limit, so that a slip of the finger does not fill the memory."""

    def __init__(self, limit: int) -> None:
        super().__init__(1, limit)


def load(options: dict[str, Any]) -> Model:
    """The model that the options describe."""
    from attncli.model.loading import load_model

    names = ("seed", "d_model", "layers", "heads", "kv_heads", "d_ff", "positions", "causal", "tokenizer",
             "dtype", "ignore_config", "adapter")  # fmt: skip
    return load_model(options["model"], **{name: options[name] for name in names})


def tokens_of(model: Model, options: dict[str, Any], text: str | None, ids: list[int] | None) -> Tokens:
    """The tokens of what `read_input` gave."""
    from attncli.api import tokenize

    return tokenize(model, text, options["pair"], ids, options["special_tokens"], options["truncate"])


def target_of(model: Model, options: dict[str, Any]) -> Tokens | None:
    """The decoder's input, None for a model without an encoder."""
    from attncli.api import tokenize_target

    ids = None if options["target_ids"] is None else _ids(options["target_ids"], "--target-ids")
    return tokenize_target(model, options["target"], ids, options["special_tokens"])


def read_input(options: dict[str, Any]) -> tuple[str | None, list[int] | None]:
    """The sentence, from the argument, standard input or a file; or the ids. Exactly one of them."""
    given = [name for name in ("sentence", "file", "ids") if options[name] is not None]
    if len(given) != 1:
        named = {"sentence": "SENTENCE", "file": "--file", "ids": "--ids"}
        wrong = "no sentence is given" if not given else " and ".join(named[g] for g in given) + " are both given"
        raise UsageError(f"{wrong}.", "Give one of: SENTENCE, - for standard input, --file PATH, --ids ID,ID,…")
    if options["ids"] is not None:
        return None, _ids(options["ids"])
    if options["sentence"] == "-" and sys.stdin is None:
        raise AttnError("standard input is closed.", "Give the sentence itself, or --file PATH.")
    if options["sentence"] == "-":
        return _text(sys.stdin.buffer.read(), "standard input"), None
    if options["file"] is not None:
        path: Path = options["file"]
        try:
            return _text(path.read_bytes(), str(path)), None
        except OSError as error:
            raise AttnError(f"cannot read {path}: {error.strerror or error}") from error
    return options["sentence"], None


def as_utf8(options: dict[str, Any]) -> dict[str, Any]:
    """The options with their texts decoded, where the locale left bytes of the command line undecoded.
    Raises AttnError for bytes that are not UTF-8."""
    texts = {
        "sentence": "the sentence",
        "pair": "--pair",
        "target": "--target",
        "query": "--query",
        "key": "--key",
    }
    decoded = {
        name: _decoded(options[name].encode("utf-8", "surrogateescape"), source)
        for name, source in texts.items()
        if options.get(name) is not None and not options[name].isascii()
    }
    return options | decoded


def _text(raw: bytes, source: str) -> str:
    return _decoded(raw, source).removesuffix("\n").removesuffix("\r")


def _decoded(raw: bytes, source: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AttnError(
            f"{source} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}.",
            "Convert it first, for example with iconv -f LATIN1 -t UTF-8.",
        ) from error


def _ids(text: str, flag: str = "--ids") -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise UsageError(f"{flag} {text!r}: whole numbers are needed, as in {flag} 464,3797,3332.") from None


def indices(text: str, count: int, what: str, whose: str = "") -> tuple[int, ...]:
    """`0,2-3`, `-1` or `all` -> sorted indices below count. Raises UsageError outside the range."""
    if text == "all":
        return tuple(range(count))
    chosen: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(-?\d{1,18})(?:-(-?\d{1,18}))?\s*", part)
        if match is None:
            raise UsageError(f"--{what} {text!r}: give numbers as in 0,2-3, -1 for the last, or all.")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        for end in (first, last):
            if not -count <= end < count:
                several = f"0 to {count - 1}, or -1 for the last" if count > 1 else "there is only 0"
                raise UsageError(f"{what} {end}{whose} is out of range: {several}.")
        first, last = first % count, last % count
        if first > last:
            raise UsageError(f"--{what} {part}: the range runs backwards.")
        chosen.update(range(first, last + 1))
    return tuple(sorted(chosen))
