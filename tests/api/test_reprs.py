"""What the Python functions return shows itself in a line or on a screen, not in thousands of numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import attncli

TEXT = "The cat sat on the mat"
RESULTS: dict[str, Callable[[], object]] = {
    "trace": lambda: attncli.trace(TEXT),
    "stage": lambda: attncli.trace(TEXT, stages="weights", layers=0)["weights"],
    "follow": lambda: attncli.follow(TEXT, "sat"),
    "maps": lambda: attncli.maps(TEXT),
    "map": lambda: attncli.maps(TEXT)[0].maps[0],
    "positions": attncli.positions,
    "similarity": lambda: attncli.similarity(length=8),
    "tokens": lambda: attncli.tokens(TEXT),
    "versus": lambda: attncli.versus(TEXT, only="order"),
    "describe": lambda: attncli.describe("story"),
    "families": lambda: attncli.families(["llama", "bert"]),
    "load_model": lambda: attncli.load_model("story"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_what_a_function_returns_fits_a_screen(name: str) -> None:
    shown = repr(RESULTS[name]())
    assert len(shown.splitlines()) <= 24
    assert len(shown) <= 24 * 80
