"""The README and samples/README.md show what the commands print now; the README lists every family."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from attncli.family import FAMILIES

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import readme  # noqa: E402


@pytest.mark.parametrize("name", readme.FILES)
def test_what_is_shown_is_what_the_commands_print(name: str) -> None:
    if name.startswith("samples") and shutil.which("jq") is None:
        pytest.skip("the recipes need jq")
    text = (ROOT / name).read_text("utf-8")
    assert readme.same(readme.refreshed(text), text)


def test_the_readme_lists_every_family_once() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (found,) = readme.LIST.findall(text)
    names = re.findall(r"`([\w-]+)`", found.partition("\n")[2])
    assert sorted(names) == sorted(FAMILIES)
    assert found.startswith(f"{len(FAMILIES)} families")


def test_families_are_told_apart() -> None:
    kinds = readme.families()
    assert {"llama", "gemma3_text", "gpt2"} <= set(kinds["decoders"])
    assert {"bert", "roberta", "deberta-v2"} <= set(kinds["encoders"])
    assert {"t5", "marian"} <= set(kinds["encoder-decoders"])
