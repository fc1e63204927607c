"""What a person reads after a command line that click cannot take: a sentence, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import click

from attncli.cli.synonyms import command_line_meant, explanation_of, option_meant
from attncli.errors import UsageError, alternatives
from attncli.language import N_, Message, joined, listed

Sentences = tuple[str, str | None]
"""The message and its hint."""
_SWITCHES = {"true", "false", "yes", "no", "on", "off", "1", "0"}
_DASHES = "‐‑‒–—―−ー－"


def sentences(error: click.UsageError, arguments: Sequence[str], root: click.Group) -> Sentences:
    """The message and the hint for an error of click. `arguments`: the whole command line of the group `root`."""
    context = error.ctx or _context_of(arguments, root)
    given = _arguments_of(context, arguments)
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(context, error.option_name, given)
    if isinstance(error, click.BadOptionUsage):
        return _value_or_none(context, error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _missing(context, error.param)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad_value(error, error.param, _parsed(context, given)[0])
    values, extra = _parsed(context, given)
    if extra:
        return _too_many(context, values, extra, given)
    return error.format_message(), help_line(context)


def help_line(context: click.Context) -> Message:
    return N_("See: {command} --help", command=context.command_path)


def quoted(text: str) -> str:
    """A text as one argument of a shell."""
    from shlex import quote

    return quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'


def unknown_command(word: str, known: Sequence[str], instead: str | None = None) -> UsageError:
    """The error for a word in the place of a command. `instead`: what to say where no command is near."""
    message = N_("there is no command {word!r}.", word=word)
    if (line := command_line_meant(word)) is not None:
        return UsageError(message, N_("Did you mean {names}?", names=line))
    commands = N_("Commands: {names}.", names=listed(*known))
    return UsageError(
        message,
        close_to(word, known, "attn ") or (commands if instead is None else joined(" ", commands, instead)),
    )


def close_to(word: str, known: Iterable[str], start: str = "") -> Message | None:
    """`Did you mean …?`; None where no known name is close. A name that differs in nothing but case, - or _ is
    meant for sure. `start` stands before each name."""
    from difflib import get_close_matches

    plain = {_plain(name): name for name in known}
    same = plain.get(_plain(word))
    close = [same] if same else [plain[name] for name in get_close_matches(_plain(word), plain, 2, 0.7)]
    return N_("Did you mean {names}?", names=alternatives([start + name for name in close])) if close else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").lstrip("-")


def _context_of(arguments: Sequence[str], root: click.Group) -> click.Context:
    """The context of the command that a command line names."""
    context = click.Context(root, info_name="attn", **root.context_settings)
    name = next((word for word in arguments if word in root.list_commands(context)), None)
    command = None if name is None else root.get_command(context, name)
    return context if command is None else click.Context(command, parent=context, info_name=name)


def _arguments_of(context: click.Context, arguments: Sequence[str]) -> list[str]:
    """The arguments after the name of the command; all, for attn itself."""
    if context.parent is None or context.info_name not in arguments:
        return list(arguments)
    return list(arguments[arguments.index(context.info_name) + 1 :])


def _parsed(context: click.Context, given: Sequence[str]) -> tuple[Mapping[str, Any], list[str]]:
    """The values as typed, by the names of their parameters, and the arguments that no parameter takes."""
    values, extra, _ = context.command.make_parser(context).parse_args(list(given))
    return values, extra


def _flags(context: click.Context) -> dict[str, click.Option]:
    """The options of a command, by each of their flags."""
    options = [p for p in context.command.get_params(context) if isinstance(p, click.Option)]
    return {flag: option for option in options for flag in (*option.opts, *option.secondary_opts)}


def _usual(parameter: click.Parameter) -> str:
    """The flag that messages name: the long one; for an argument its name."""
    return max(parameter.opts, key=len) if isinstance(parameter, click.Option) else parameter.human_readable_name


def _example(context: click.Context) -> Message:
    examples = getattr(context.command, "examples", ())
    return N_("As in: {line}", line=examples[0][1]) if examples else help_line(context)


# ------------------------------------------------------------------ options


def _no_such_option(context: click.Context, name: str, given: Sequence[str]) -> Sentences:
    command, flags = context.command_path, _flags(context)
    typed = next((argument for argument in given if argument.startswith(name)), name)
    if " " in typed or re.match(r"-\d", typed):
        return (
            N_("{typed!r} begins with -, so it is read as an option.", typed=typed),
            N_(
                "Put -- before a text that begins with -: {command} -- {text}", command=command, text=quoted(typed)
            ),
        )
    word = typed.partition("=")[0]
    message = N_("{command} has no option {option}.", command=command, option=word)
    if f"-{word}" in flags:
        return message, N_("Did you mean {names}?", names=f"-{word}")
    if isinstance(context.command, click.Group):
        return message, N_("Options of a command go after it: attn explain {option} …", option=word)
    bare = word.lstrip("-").replace("_", "-")
    if (meant := option_meant(bare)) in flags:
        return message, N_("Did you mean {names}?", names=meant)
    if (instead := explanation_of(bare)) is not None:
        return message, N_(instead.text, command=command, option=word, name=bare)
    return message, close_to(word, flags) or help_line(context)


def _value_or_none(context: click.Context, name: str) -> Sentences:
    option = _flags(context).get(name)
    if option is None or option.is_flag or option.count:
        return N_("{option} takes no value.", option=name), N_("Write {option} alone.", option=name)
    from attncli.cli.help_page import value_of

    return (
        N_("{option} needs a value.", option=name),
        N_("Write it after the option: {option} {value}", option=name, value=value_of(option)),
    )


# ------------------------------------------------------------------ arguments


def _missing(context: click.Context, parameter: click.Parameter) -> Sentences:
    command, name = context.command_path, _usual(parameter)
    return N_("{command} needs {name}.", command=command, name=name), _example(context)


def _too_many(
    context: click.Context, values: Mapping[str, Any], extra: Sequence[str], given: Sequence[str]
) -> Sentences:
    """Arguments that no parameter takes: most often a sentence without quotes."""
    command, flags = context.command_path, _flags(context)
    before = next((a for a, b in pairwise(given) if b == extra[0]), "")
    dashed = next((a for a in given if a[:1] in _DASHES and a.strip(_DASHES)), None)
    if dashed is not None:
        return (
            N_("{dashed} begins with a long dash, so it is not read as an option.", dashed=dashed),
            N_("Type it with two hyphens: --{name}", name=dashed.strip(_DASHES)),
        )
    for name, value in values.items():
        if isinstance(value, str) and value in flags and value.startswith("--"):
            option = next(p for p in flags.values() if p.name == name)
            return _value_or_none(context, _usual(option))
    if before in flags and flags[before].is_flag and extra[0].lower() in _SWITCHES:
        return N_("{option} takes no value.", option=before), N_("Write {option} alone.", option=before)
    if before.endswith(","):
        return (
            N_("{value!r} is separate from the list before it.", value=extra[0]),
            N_("Write the list without spaces: {list}", list=before + extra[0]),
        )
    listed = " ".join(extra)
    if "sentence" in values:
        return _many_sentences(command, [values["sentence"], *extra])
    if context.info_name == "pe":
        if extra[0].isdigit():
            return N_("attn pe takes numbers by their options only: {listed}", listed=listed), N_(
                "For encodings of that size: attn pe --dim {size}", size=extra[0]
            )
        return N_("attn pe takes no sentence: it shows how positions are encoded."), _example(context)
    return N_("{command} takes one name, and {listed} is too many.", command=command, listed=listed), _example(
        context
    )


def _many_sentences(command: str, given: Sequence[str]) -> Sentences:
    """One of the arguments may be a sentence, and another a model; else they are the words of one sentence."""
    with_spaces = [text for text in given if " " in text]
    if len(with_spaces) == 1 and len(given) == 2:
        other = next(text for text in given if text != with_spaces[0])
        return N_("one sentence is needed, and {other!r} is too many.", other=other), N_(
            "If {other} is a model: {command} {sentence} -m {other}",
            other=other,
            command=command,
            sentence=quoted(with_spaces[0]),
        )
    sentence = " ".join(text.strip("“”„«»'’‘") for text in given)
    return N_("the sentence is in {count} parts.", count=len(given)), N_(
        "Put quotes around it: {command} {sentence}", command=command, sentence=quoted(sentence)
    )


# ------------------------------------------------------------------ values


def _bad_value(error: click.BadParameter, parameter: click.Parameter, values: Mapping[str, Any]) -> Sentences:
    name, kind = _usual(parameter), parameter.type
    typed = values.get(parameter.name or "")
    if isinstance(kind, click.Choice):
        choices = [str(choice) for choice in kind.choices]
        wrong = _last_wrong(typed, lambda text: text in choices)
        if parameter.name == "dtype":
            return (
                N_(
                    "{name} {wrong}: attn computes in {choices}.",
                    name=name,
                    wrong=wrong,
                    choices=" or ".join(choices),
                ),
                N_("Weights of any type are converted when they are read."),
            )
        return (
            N_("{name} {wrong!r} is unknown: give one of {choices}.", name=name, wrong=wrong,
               choices=listed(*choices)),
            close_to(wrong, choices),
        )  # fmt: skip
    whole = isinstance(kind, click.types.IntParamType)
    wrong = _last_wrong(typed, lambda text: _is_number(text, whole))
    if not _is_number(wrong, whole):
        kind_of = N_("a whole number") if whole else N_("a number")
        return N_("{name} {wrong!r} is not {kind}.", name=name, wrong=wrong, kind=kind_of), None
    if isinstance(kind, click.IntRange | click.FloatRange):
        return (
            N_("{name} {wrong} is out of range: {low} to {high}.", name=name, wrong=wrong, low=kind.min,
               high=kind.max),
            None,
        )  # fmt: skip
    return N_("{name}: {message}", name=name, message=error.message), None


def _last_wrong(typed: Any, is_right: Any) -> str:
    """What was typed for an option; of a repeatable one, the first that is wrong."""
    texts = [typed] if isinstance(typed, str) else [text for text in typed or () if isinstance(text, str)]
    return next((text for text in texts if not is_right(text)), texts[-1] if texts else "")


def _is_number(text: str, whole: bool) -> bool:
    try:
        int(text) if whole else float(text)
    except ValueError:
        return False
    return True
