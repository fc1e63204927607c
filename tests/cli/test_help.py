"""The help of attn and its commands: what it does, examples, options in sections, exit codes; in any language."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from attncli.cli import COMMANDS, cli
from attncli.cli.front_page import front_page
from attncli.cli.help_page import HelpPage, cells, help_text, wrapped
from attncli.cli.parameters import Argument, Option
from attncli.cli.parsing import Command
from attncli.language import ENGLISH, Say
from tests.conftest import Run, text_of


def page_of(name: str) -> HelpPage:
    root = click.Context(cli, info_name="attn", **cli.context_settings)
    if not name:
        return front_page(root, COMMANDS)
    command = cli.get_command(root, name)
    assert isinstance(command, Command)
    return command.page(click.Context(command, parent=root, info_name=name))


PAGES = {name: page_of(name) for name in ("", *COMMANDS)}
EXAMPLES = [example.line for page in PAGES.values() for example in page.examples]


def test_attn_alone_prints_the_help(attn: Run) -> None:
    shown = text_of(attn())
    assert shown.startswith("Usage: attn ")
    assert shown == text_of(attn("--help")) == text_of(attn("-h")) == text_of(attn("help"))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_two_ways_in(attn: Run, name: str) -> None:
    assert text_of(attn("help", name)) == text_of(attn(name, "-h")) == text_of(attn(name, "--help"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_does_then_examples_then_options_then_exit_codes(name: str) -> None:
    shown = help_text(PAGES[name], ENGLISH, 80)
    titles = [section.title for section in PAGES[name].sections]
    order = [
        f"Usage: attn {name}".rstrip(),
        "\n\nExamples:\n",
        *(f"\n\n{t}:\n" for t in titles),
        "\n\nExit codes:\n",
    ]
    places = [shown.index(text) for text in order]
    assert places == sorted(places)
    assert [line.split()[0] for line in shown.partition("Exit codes:\n")[2].splitlines() if line[2] != " "] == [
        "0", "1", "2", "130"
    ]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [80, 40])
def test_a_page_fits_its_window(name: str, width: int) -> None:
    lines = help_text(PAGES[name], ENGLISH, width).splitlines()
    examples = {f"    {line}" for line in EXAMPLES}
    names = {f"  {row.name}" for section in PAGES[name].sections for row in section.rows}
    assert all(cells(line) <= width for line in lines if width == 80 or line not in examples | names)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_one_section_and_only_general_ones_are_among_the_others(name: str) -> None:
    rows = [(section.title, row) for section in PAGES[name].sections for row in section.rows]
    assert all(row.text for _, row in rows)
    assert len({row.name for _, row in rows}) == len(rows)
    assert {row.name for title, row in rows if title == "Other"} <= {"-h, --help", "--install"}


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "attn" in line])
def test_every_example_is_a_command_line_that_attn_takes(line: str) -> None:
    after = line.partition("attn ")[2]
    name, *arguments = shlex.split(re.split(r" \|| [<>] |\)$", after)[0])
    root = click.Context(cli, info_name="attn")
    command = cli.get_command(root, name)
    assert command is not None
    command.make_context(name, arguments, parent=root)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_text_of_a_page_is_translated(name: str) -> None:
    page, asked = PAGES[name], set[str]()

    def translated(text: str) -> str:
        asked.add(text)
        return text if "{" in text else "日本語の文章、" * (1 + len(text) // 14)

    shown = help_text(page, Say(translated), 80)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    helps = {
        parameter.help
        for parameter in command.params
        if isinstance(parameter, Option | Argument) and not getattr(parameter, "hidden", False)
    }
    titles = {section.title for section in page.sections}
    assert asked >= {*page.about, *(example.shows for example in page.examples), *titles, *helps, "Exit codes"}
    assert all(cells(line) <= 80 for line in shown.splitlines())


def test_japanese_is_broken_between_characters_and_measured_in_columns() -> None:
    lines = wrapped("各キーの割合を表示します。各行の和は、どの行でも、1 になります。", 20)
    assert all(cells(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == "各キーの割合を表示します。各行の和は、どの行でも、1になります。"
    assert not any(line.startswith(("。", "、")) for line in lines)
    assert cells("各キー e\u0301") == 8


def test_the_language_may_be_asked_for_before_the_command_and_after_it(attn: Run) -> None:
    arguments = ("explain", "The cat sat", "--stage", "weights")
    japanese = text_of(attn(*arguments, "--lang", "ja"))
    assert japanese != text_of(attn(*arguments))
    assert text_of(attn("--lang", "ja", *arguments)) == japanese
    assert text_of(attn("--lang", "ja", *arguments, "--lang", "en")) == text_of(attn(*arguments))


@pytest.mark.parametrize("sentence", ["The cat sat", "猫がマットに座った。"])
def test_a_sentence_in_the_place_of_a_command_is_explained(attn: Run, sentence: str) -> None:
    options = ("--seed", "0", "--stage", "weights")
    assert text_of(attn(sentence, *options)) == text_of(attn("explain", sentence, *options))


def test_a_schema_is_found_by_the_command_and_by_the_name_in_a_document(attn: Run) -> None:
    schema = text_of(attn("schema"))
    assert schema == text_of(attn("schema", "explain")) == text_of(attn("schema", "attn.trace/1"))
    assert text_of(attn("schema", "attn.map/1")) == text_of(attn("schema", "map")) != schema
