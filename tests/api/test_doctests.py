"""The examples of docstrings do what they say."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["attncli", "attncli.api", "attncli.lookup"])
def test_examples_in_docstrings_run(name: str) -> None:
    result = doctest.testmod(import_module(name), verbose=False)
    assert result.attempted > 0
    assert result.failed == 0


ELSEWHERE = ("load_model", "tokenize", "tokenize_target")
"""Functions of other modules, which the examples of others use."""


def test_every_function_of_the_api_has_an_example() -> None:
    attncli = import_module("attncli")
    without = [
        name
        for name in attncli.__all__
        if name[0].islower() and name not in ELSEWHERE and ">>>" not in getattr(attncli, name).__doc__
    ]
    assert without == []
