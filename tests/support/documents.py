"""JSON that a command prints, read by the letter and held to its schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from tests.conftest import Run, text_of


def schema(attn: Run, name: str = "trace") -> Any:
    """The JSON Schema that `attn schema NAME` prints, itself a valid schema."""
    document = json.loads(text_of(attn("schema", name)))
    jsonschema.Draft202012Validator.check_schema(document)
    return document


def strictly(text: str) -> Any:
    """JSON by the letter: no NaN, no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def document(attn: Run, command: str, *arguments: str, name: str | None = None, code: int = 0) -> Any:
    """What a command prints with --json, valid by the schema of that name; by default the command's."""
    done = attn(command, *arguments, "--json")
    assert done.returncode == code, done.stderr.decode()
    printed = strictly(done.stdout.decode())
    jsonschema.validate(printed, schema(attn, name or command))
    return printed
