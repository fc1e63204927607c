"""The page that -h prints, as data: what a command does, examples, its options in sections, exit codes. The manual
pages are made of the same data (tools/man.py)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import combining, east_asian_width

import click

from attncli.cli.parameters import INPUT, MODEL, OTHER, OUTPUT, SEEDED, SELECTION, Argument, Option
from attncli.language import N_, Message, Say, joined
from attncli.render.page.window import window

EXIT_CODES = (
    ("0", N_("The answer is complete.")),
    ("1", N_("Bad data: a file that is missing or broken, or a model that attn does not support.")),
    ("2", N_("Wrong usage: options or values that are unknown or do not go together.")),
    ("130", N_("Stopped by Ctrl-C.")),
)
WIDEST, NARROWEST, NAMES = 80, 40, 24
"""The page is at most, and at least, as many columns wide; longer names have their text below them."""
_SHORT_LIST = 18
"""Choices that together are longer than this stand in the text."""


class Example(NamedTuple):
    """A command line that can be tried as it stands, and what it shows."""

    shows: str
    line: str


class Row(NamedTuple):
    """A name as it is typed (`-m, --model MODEL`), and what it means."""

    name: str
    text: str


class Section(NamedTuple):
    """A titled list of rows."""

    title: str
    rows: tuple[Row, ...]


class HelpPage(NamedTuple):
    """The help of a command. The texts are marked for translation; the usage and the names are not translated."""

    usage: str
    about: tuple[str, ...]
    examples: tuple[Example, ...]
    sections: tuple[Section, ...]


def sections_of(context: click.Context, own: str = OTHER) -> Iterator[Section]:
    """The options of a command in sections; `own` lists those that name none."""

    def section_of(parameter: click.Parameter) -> str:
        if not isinstance(parameter, Option | Argument):
            return OTHER
        return own if parameter.section == OTHER else parameter.section

    parameters = [p for p in context.command.get_params(context) if not getattr(p, "hidden", False)]
    first = (INPUT, MODEL) if own == OTHER else (INPUT, MODEL, own)
    for title in dict.fromkeys((*first, SELECTION, SEEDED, OUTPUT, OTHER)):
        rows = tuple(Row(_name(p), _text(p)) for p in parameters if section_of(p) == title)
        if rows:
            yield Section(title, rows)


def usage_of(context: click.Context) -> str:
    """`attn explain [OPTIONS] [SENTENCE]`."""
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def exit_codes() -> Section:
    return Section(N_("Exit codes"), tuple(Row(code, text) for code, text in EXIT_CODES))


def _name(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name
    assert isinstance(parameter, click.Option)
    flags = ", ".join(sorted(parameter.opts, key=len))
    if parameter.secondary_opts:
        flags += f" / {', '.join(parameter.secondary_opts)}"
    return f"{flags} {value_of(parameter)}".rstrip()


def value_of(parameter: click.Option) -> str:
    """What stands for the value: `MODEL`, `self|cross|encoder`, or the option's name where these are long."""
    if parameter.is_flag or parameter.count:
        return ""
    if parameter.metavar is not None:
        return parameter.metavar
    if isinstance(parameter.type, click.Choice) and len("|".join(parameter.type.choices)) <= _SHORT_LIST:
        return "|".join(parameter.type.choices)
    return "PATH" if isinstance(parameter.type, click.Path) else max(parameter.opts, key=len).strip("-").upper()


def _text(parameter: click.Parameter) -> Message:
    if not isinstance(parameter, Option | Argument):
        return N_("Show the version.") if "--version" in parameter.opts else N_("Show this page.")
    texts = [N_(parameter.help or "")]
    value = value_of(parameter) if isinstance(parameter, Option) else ""
    if isinstance(parameter.type, click.Choice) and value and "|" not in value:
        choices = ", ".join(map(str, parameter.type.choices))
        texts.append(N_("{name} is one of {choices}.", name=value, choices=choices))
    if isinstance(parameter, Option) and parameter.show_default:
        default = parameter.show_default if isinstance(parameter.show_default, str) else str(parameter.default)
        texts.append(N_("[default: {value}]", value=default))
    return joined("  ", *texts)


# ------------------------------------------------------------------ as text


def help_text(page: HelpPage, say: Say, width: int | None = None) -> str:
    """The page in a language, for a terminal. `width`: in columns; None: that of the terminal, 40 to 80."""
    if width is None:
        width = max(NARROWEST, min(WIDEST, window(os.environ)[0]))
    lines = [*_hanging(f"{say(N_('Usage:'))} ", page.usage, width)]
    for paragraph in page.about:
        lines += ["", *wrapped(say(paragraph), width)]
    if page.examples:
        lines += ["", say(N_("Examples:"))]
        for example in page.examples:
            lines += [f"  {line}" for line in wrapped(say(example.shows), width - 2)]
            lines.append(f"    {example.line}")
    for section in (*page.sections, exit_codes()):
        title = wrapped(say(N_("{title}:", title=section.title)), width)
        lines += ["", *title, *_rows(section.rows, say, width)]
    return "\n".join(lines)


def _rows(rows: Sequence[Row], say: Say, width: int) -> Iterator[str]:
    """Each name with its text beside it; below it where the name is long or the page narrow."""
    longest = max((cells(row.name) for row in rows if cells(row.name) <= NAMES), default=0)
    indent = longest + 4 if longest + 4 <= width // 2 else 6
    for row in rows:
        text = wrapped(say.marked(row.text), width - indent)
        if cells(row.name) + 4 <= indent:
            yield f"  {row.name}".ljust(indent) + text[0]
            text = text[1:]
        else:
            yield f"  {row.name}"
        yield from (" " * indent + line for line in text)


def _hanging(start: str, text: str, width: int) -> list[str]:
    indent = cells(start)
    first, *others = wrapped(text, width - indent)
    return [start + first, *(" " * indent + line for line in others)]


def wrapped(text: str, width: int) -> list[str]:
    """A paragraph in lines of at most `width` columns; at least one line. Japanese breaks between characters."""
    if all(cells(char) == 1 for char in text):
        from textwrap import wrap

        return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    from attncli.render.page.line_breaks import breaks

    starts = [0, *breaks(text, width), len(text)]
    return [text[start:end].strip() for start, end in pairwise(starts)]


def cells(text: str) -> int:
    """The width of a text on a terminal, in columns."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
