"""Turns the options of a command into a Request. Only this module reads options by their names."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any

from attncli.cli.idle import Given, refuse_idle
from attncli.errors import AttnError, UsageError, together
from attncli.files import UTF16, read_bytes, to_utf8
from attncli.language import N_
from attncli.model.request import Input, ModelSource, Output, Request, Scope, Top, whole_numbers
from attncli.model.seeding import SEEDED, SHAPE, Spelling, seed_needed

Options = Mapping[str, Any]


def typed_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorates a command whose parameters `request`, `text` and `output` are a Request, an Input and an Output;
    its other parameters are the options of those names."""
    parameters = list(inspect.signature(command).parameters)

    @wraps(command)
    def with_typed_options(**options: Any) -> None:
        decoded = _decoded_options(options)
        _refuse_idle(decoded)
        command(**{name: _PARTS[name](decoded) if name in _PARTS else decoded[name] for name in parameters})

    return with_typed_options


def _refuse_idle(options: Options) -> None:
    """Raises UsageError for an option that the user gave and that has no effect."""
    from click import Option, get_current_context
    from click.core import ParameterSource

    context = get_current_context()
    given = {
        parameter.name: parameter
        for parameter in context.command.params
        if parameter.name is not None
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        and isinstance(parameter, Option)
    }
    words = frozenset(options.get("only") or ())
    refuse_idle(
        Given(context.command.name or "", frozenset(given), output_of(options), words),
        lambda name: max([*given[name].opts, *given[name].secondary_opts], key=len),
    )


def request_of(options: Options) -> Request:
    """Everything that the options ask for. Raises UsageError for options that do not go together, AttnError for a
    sentence that cannot be read."""
    return Request(input_of(options), _model_of(options), _scope_of(options), output_of(options))


def input_of(options: Options) -> Input:
    """The sentence, from the argument, a file or standard input, or the ids; and the target."""
    text, ids = _sentence_of(options)
    target_ids = options.get("target_ids")
    return Input(
        text=text,
        pair=options.get("pair"),
        ids=ids,
        special_tokens=options.get("special_tokens", True),
        truncate=options.get("truncate", False),
        target=options.get("target"),
        target_ids=None if target_ids is None else whole_numbers("--target-ids", target_ids),
    )


def output_of(options: Options) -> Output:
    """Where the answer goes, and in which format."""
    named = options["format_"]
    if options["json_"]:
        if named not in (None, "json"):
            raise UsageError(N_("--json and --format {named} are both given.", named=named))
        named = "json"
    return Output(
        named,
        options["output"],
        options.get("precision"),
        options.get("full", False),
        options["lang"],
        size=options.get("size"),
        colors=options.get("colors"),
        title=options.get("title"),
        pager=options["pager"],
        ascii=options["ascii"],
    )


_PARTS: Mapping[str, Callable[[Options], Any]] = {"request": request_of, "text": input_of, "output": output_of}


def _model_of(options: Options) -> ModelSource:
    """The model and how it is read. Raises UsageError for options of seeded weights without a seed."""
    given = {field.name: options[field.name] for field in fields(ModelSource) if field.name in options}
    source = options.get("model")
    if source is None and given.get("seed") is None:
        shaping = {name: given[name] for name in (*SHAPE, "tokenizer") if given.get(name) is not None}
        if list(shaping) == ["tokenizer"] and "dtype" not in options:  # there are no weights to choose
            source = SEEDED
        elif shaping:
            raise seed_needed(shaping, COMMAND_LINE)
    return ModelSource(source=source, **given)


def _spelled(given: Mapping[str, Any]) -> str:
    """--seed 0 --layers 2, in the words of a shell"""
    from shlex import quote

    flags = {name: f"--{name.replace('_', '-')} {quote(str(value))}" for name, value in given.items()}
    if "causal" in given:
        flags["causal"] = "--causal" if given["causal"] else "--bidirectional"
    return " ".join(flags.values())


COMMAND_LINE = Spelling(_spelled, "--seed", lambda name, number: f"--{name} {number}")


def _scope_of(options: Options) -> Scope:
    return Scope(
        stages=options.get("stages") or None,
        layers=options.get("layer"),
        heads=options.get("head"),
        queries=options.get("query"),
        keys=options.get("key"),
        top=_top(options.get("top")),
        attention=options.get("attention"),
    )


def _top(text: str | None) -> Top | None:
    if text is None:
        return None
    if text == "all":
        return "all"
    if not re.fullmatch(r"\d{1,18}", text) or int(text) < 1:
        raise UsageError(N_("--top {text!r}: give a number above 0, or all.", text=text))
    return int(text)


def _sentence_of(options: Options) -> tuple[str | None, tuple[int, ...] | None]:
    """The sentence or the ids: exactly one of them."""
    names = {"sentence": "SENTENCE", "file": "--file", "ids": "--ids"}
    given = [name for name in names if options[name] is not None]
    if len(given) != 1:
        raise UsageError(
            N_("{names} are both given.", names=together(names[name] for name in given))
            if given
            else N_("no sentence is given."),
            N_("Give one of: SENTENCE, - for standard input, --file PATH, --ids ID,ID,…"),
        )
    if options["ids"] is not None:
        return None, whole_numbers("--ids", options["ids"])
    if options["file"] is not None:
        path: Path = options["file"]
        return _text(read_bytes(path), str(path)), None
    if options["sentence"] != "-":
        return options["sentence"], None
    if sys.stdin is None:
        raise AttnError(N_("standard input is closed."), N_("Give the sentence itself, or --file PATH."))
    return _text(sys.stdin.buffer.read(), N_("standard input")), None


def _decoded_options(options: Options) -> Options:
    """The options with their texts decoded, where the locale left bytes of the command line undecoded. Raises
    AttnError for bytes that are not UTF-8."""
    texts = {
        "sentence": N_("the sentence"),
        "pair": "--pair",
        "target": "--target",
        "query": "--query",
        "key": "--key",
        "title": "--title",
    }
    decoded = {
        name: _decoded(options[name].encode("utf-8", "surrogateescape"), source)
        for name, source in texts.items()
        if options.get(name) is not None and not options[name].isascii()
    }
    return {**options, **decoded}


def _text(raw: bytes, source: str) -> str:
    """The text of a file, without the byte order mark that Windows puts first and the end of the last line."""
    return _decoded(raw, source).removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")


def _decoded(raw: bytes, source: str) -> str:
    if raw.startswith(UTF16):
        raise AttnError(N_("{source} is in UTF-16; attn reads UTF-8.", source=source), to_utf8(raw))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AttnError(
            N_(
                "{source} is not UTF-8: byte 0x{byte:02x} at offset {start}.",
                source=source,
                byte=raw[error.start],
                start=error.start,
            ),
            to_utf8(raw),
        ) from error
