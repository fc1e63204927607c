"""Every message for people is marked where it is written, as whole sentences: nothing English is put into one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent.parent / "attncli"
FILES = sorted(SOURCE.rglob("*.py"))
ERRORS = {"AttnError", "UsageError", "warn", "note", "not_followed"}
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}|^ ?(of|and|or|in|the) | (of|and|or|in|the) ?$")
"""What only a sentence has: words with a space between them."""


def calls(code: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in names:
            yield node


def unmarked(argument: ast.AST) -> Iterator[str]:
    """The texts of an argument that are not marked."""
    if isinstance(argument, ast.Call):
        return
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    for inner in ast.iter_child_nodes(argument):
        yield from unmarked(inner)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_messages_are_marked_as_whole_sentences(file: Path) -> None:
    code = ast.parse(file.read_text("utf-8"))
    for call in calls(code, ERRORS):
        for argument in call.args:
            assert [text for text in unmarked(argument) if text] == [], f"line {call.lineno}"
    for call in calls(code, {"ValueError"}):
        for argument in call.args:
            assert [*unmarked(argument)] == [], f"line {call.lineno}"
    for call in calls(code, {"N_"}):
        for value in call.keywords:
            assert [text for text in unmarked(value.value) if PROSE.search(text)] == [], f"line {call.lineno}"


def test_what_is_not_marked_is_found() -> None:
    code = ast.parse('AttnError("no", f"x {y}" if z else N_("fine")); ValueError(N_("a b"))')
    (call,) = calls(code, ERRORS)
    assert [text for argument in call.args for text in unmarked(argument)] == ["no", "x "]
