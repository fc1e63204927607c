"""Writes the manual pages in man/ from the help of the commands: python tools/man.py

attn.1 is the page of `attn -h`, attn-explain.1 that of `attn explain -h`. Run it after a change of any help text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from attncli.cli import COMMANDS, cli
from attncli.cli.front_page import front_page
from attncli.cli.help_page import HelpPage, Section, exit_codes
from attncli.cli.parsing import Command
from attncli.language import ENGLISH
from attncli.version import __version__

FOLDER = Path(__file__).parent.parent / "man"
SUMMARY = "attention, number by number"
SECTIONS = {"Exit codes": "EXIT STATUS", "Commands": "COMMANDS"}
"""Sections that manual pages have under names of their own; the others are below OPTIONS."""


def pages() -> Iterator[tuple[str, str]]:
    """The name and the content of each manual page."""
    root = click.Context(cli, info_name="attn", **cli.context_settings)
    yield "attn.1", "\n".join(manual("attn", SUMMARY, front_page(root, COMMANDS)))
    for name, summary in COMMANDS.items():
        command = cli.get_command(root, name)
        assert isinstance(command, Command)
        with click.Context(command, parent=root, info_name=name) as context:
            yield f"attn-{name}.1", "\n".join(manual(f"attn-{name}", summary, command.page(context)))


def manual(name: str, summary: str, page: HelpPage) -> Iterator[str]:
    """The lines of a manual page, in the man macros of troff."""
    yield f'.TH {escaped(name.upper())} 1 "" "attn {__version__}" "attn"'
    yield ".SH NAME"
    yield f"{escaped(name)} \\- {escaped(summary.rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B {escaped(page.usage)}"
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(page.about):
        yield from ([".PP"] if number else [])
        yield escaped(paragraph)
    yield ".SH EXAMPLES"
    for number, example in enumerate(page.examples):
        yield from ([".PP"] if number else [])
        yield escaped(example.shows)
        yield from (".PP", ".nf", ".RS", escaped(example.line), ".RE", ".fi")
    options = [section for section in page.sections if section.title not in SECTIONS]
    for section in page.sections:
        if section.title in SECTIONS:
            yield from listed(section, f".SH {SECTIONS[section.title]}")
    yield ".SH OPTIONS"
    for section in options:
        yield from listed(section, f".SS {escaped(section.title)}")
    yield from listed(exit_codes(), ".SH EXIT STATUS")
    yield ".SH SEE ALSO"
    others = [other for other in ("attn", *(f"attn-{command}" for command in COMMANDS)) if other != name]
    yield from (f".BR {escaped(other)} (1){',' if other != others[-1] else ''}" for other in others)
    yield ""


def listed(section: Section, heading: str) -> Iterator[str]:
    """A section: each name, and its text below."""
    yield heading
    for row in section.rows:
        yield from (".TP", f".B {escaped(row.name)}", escaped(ENGLISH.marked(row.text)))


def escaped(text: str) -> str:
    """A text for troff: its backslashes and hyphens stay, and it begins no request."""
    plain = re.sub(r"  +", " ", text).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in pages():
        (FOLDER / file).write_text(content, "utf-8")
