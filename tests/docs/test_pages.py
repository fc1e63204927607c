"""README.md, samples/README.md and the pages of docs/ show what the code does now, and lead where they say."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import click
import pytest

from attncli.cli import COMMANDS, cli
from attncli.family import FAMILIES
from tests.support.running import ForkServer

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402

import docs  # noqa: E402

PAGES = [str(page.relative_to(ROOT)) for page in docs.pages()]
AT_MOST = 200
"""Lines of the README."""


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_is_what_the_code_does(name: str, fork_server: ForkServer | None) -> None:
    if "jq" in read(name) and shutil.which("jq") is None:
        pytest.skip("its recipes need jq")
    assert [str(path.relative_to(ROOT)) for path in docs.outdated(ROOT / name, fork_server)] == []


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= AT_MOST


def test_the_readme_begins_with_the_commands_that_the_continuous_integration_runs() -> None:
    """.ci/run takes the first two `sh` blocks: one installs, the other tests."""
    install, test, *_ = re.findall(r"^```sh\n(.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL)
    assert "-m venv .venv && .venv/bin/pip install ." in install
    assert ".venv/bin/pip install -e '.[test]'" in test
    assert ".venv/bin/python -m pytest" in test


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_of_a_kind_that_is_checked(name: str) -> None:
    fences = re.findall(r"^(.*)```(.*)$", read(name), re.MULTILINE)
    assert len(fences) % 2 == 0
    for (before, language), (_, after) in zip(fences[::2], fences[1::2], strict=True):
        assert (before, after) == ("", "")
        assert language in {"console", "sh", "python", "pycon", "text"}
    generated = docs.GENERATED.sub("", read(name))
    assert "```pycon" not in generated  # only the code's own documentation has those, and tests/api runs them


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    text = prose(read(name))
    for target in re.findall(r"\]\(([^()\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), target
        if name.startswith("docs/"):  # the site has nothing else
            assert file.resolve().is_relative_to(ROOT / "docs"), target


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_commands_and_options_within_sentences_exist(name: str) -> None:
    """Within sentences, commands are too short to run: `attn model PATH`. Their names and options are checked."""
    text = docs.GENERATED.sub("", prose(read(name)))
    known = {option for command in COMMANDS for option in options(command)} | {"--help", "--version"}
    for code in re.findall(r"`([^`]+)`", text):
        words = code.split()
        if words[0] == "attn" and len(words) > 1:
            assert words[1] in {*COMMANDS, "COMMAND"}, code
            own = options(words[1]) if words[1] in COMMANDS else known
            assert {word for word in words if word.startswith("--")} <= own | {"--help"}, code
        elif words[0].startswith("--") and len(words[0]) > 2:
            assert words[0] in known, code


def options(name: str) -> set[str]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {
        option
        for param in command.params
        if isinstance(param, click.Option) and not param.hidden
        for option in (*param.opts, *param.secondary_opts)
    }


@pytest.mark.parametrize("name", PAGES)
def test_numbers_within_sentences_stand_in_an_output_of_the_page(name: str) -> None:
    text = read(name)
    numbers = re.findall(r"\d+\.\d{4}\b", docs.GENERATED.sub("", prose(text)))
    shown = "".join(re.findall(r"^```(?:console|text)\n.*?^```$", text, re.MULTILINE | re.DOTALL))
    assert [number for number in numbers if number != "0.0000" and number not in shown] == []


def test_the_site_has_every_page() -> None:
    nav = read("mkdocs.yml").partition("\nnav:\n")[2]
    listed = re.findall(r"^ *- (?:.*: )?([\w/-]+\.md)$", nav, re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert set(listed) == {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}


def test_the_reference_has_every_command_option_and_family() -> None:
    commands = read("docs/reference/commands.md")
    for name in COMMANDS:
        _, section = commands.split(f"\n## attn {name}\n")
        section = section.partition("\n## ")[0]
        assert {option for option in options(name) if option not in section} == set()
    families = read("docs/reference/families.md")
    (listed,) = re.findall(rf"^{len(FAMILIES)} families, by .*\n((?:.+\n|\n)*?)\|", families, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", listed)) == sorted(FAMILIES)


def test_families_are_told_apart() -> None:
    kinds = reference.families_by_kind()
    assert {"llama", "gemma3_text", "gpt2"} <= set(kinds["decoders"])
    assert {"bert", "roberta", "deberta-v2"} <= set(kinds["encoders"])
    assert {"t5", "marian"} <= set(kinds["encoder-decoders"])


def test_a_page_is_corrected(fork_server: ForkServer | None) -> None:
    page = (
        "# A page\n\n```console\n$ attn pe --dim 2 --length 1 --format csv | tail -n 1\nwrong\n"
        "$ attn model samples/none --lang en || echo status\n```\n\n"
        "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n<!-- formats -->\nas before\n<!-- end -->\n"
        "\nbetween\n\n<!-- names -->\nas before\n<!-- end -->\n"
    )
    text, pictures = docs.refreshed(page, fork_server)
    assert "pe.sinusoidal" in text
    assert "attn: error: " in text
    assert "\nstatus\n```" in text
    assert "```text\n2\n```" in text
    assert "| `ndjson` |" in text
    assert "\nbetween\n" in text
    assert "`attn.hook_pattern`" in text
    assert "wrong" not in text
    assert "as before" not in text
    assert docs.refreshed(text, fork_server)[0] == text
    assert set(pictures) == {str(path.relative_to(ROOT)) for path in (ROOT / "docs/pictures").glob("*.svg")}


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("```sh\nattn explain 'the cat' --laier 1\n```", "--laier"),
        (
            "```sh\n# ./none does not come with attn\nattn explain 'the cat' -m ./none --laier 1\n```",
            "want of ./none",
        ),
        ("```sh\n# story does not come with attn\nattn tokens 'the cat' -m story\n```", "want of story"),
        ("```console\n$ attn model nowhere/at/all\n```", "exit status"),
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ("```python\nprint(1)\n```", "does not show"),
        ("```sh\npip install '.[nothing]'\n```", "nothing"),
        ("```json\n{}\n```", "json"),
    ],
)
def test_a_page_that_promises_what_does_not_work_is_refused(
    block: str, why: str, fork_server: ForkServer | None
) -> None:
    with pytest.raises(docs.Failed, match=re.escape(why)):
        docs.refreshed(f"# A page\n\n{block}\n", fork_server)


def test_numbers_may_differ_in_their_last_digits() -> None:
    assert docs.same("a 0.1234 #a0b1c2", "a 0.1235 #a0b1c3")
    assert not docs.same("a 0.1234", "a 0.1334")
    assert not docs.same("a 0.1234", "a 0.1234 0.1")
