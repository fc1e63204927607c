"""The README and samples/README.md show what the commands print now; the README lists every family."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from attncli.families import FAMILIES

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import readme  # noqa: E402


@pytest.mark.parametrize("name", readme.FILES)
def test_what_is_shown_is_what_the_commands_print(name: str) -> None:
    if name.startswith("samples") and shutil.which("jq") is None:
        pytest.skip("the recipes need jq")
    text = (ROOT / name).read_text("utf-8")
    assert readme.same(readme.refreshed(text), text)


def test_the_samples_are_what_their_programs_write(tmp_path: Path) -> None:
    for maker in ("make_tiny.py", "make_exercise.py"):
        shutil.copy(ROOT / "samples" / maker, tmp_path)
        subprocess.run([sys.executable, tmp_path / maker], check=True)
    for name in ("tiny/config.json", "tiny/tokenizer.json", "tiny/model.safetensors", "exercise.npz"):
        made, kept = tmp_path / name, ROOT / "samples" / name
        if name.endswith(".npz"):
            with np.load(made) as one, np.load(kept) as other:
                assert {k: v.tolist() for k, v in one.items()} == {k: v.tolist() for k, v in other.items()}
        else:
            assert made.read_bytes() == kept.read_bytes()


def test_the_sample_trace_is_as_the_schema_says() -> None:
    schema = json.loads((ROOT / "attncli/schemas/trace-1.json").read_text("utf-8"))
    jsonschema.validate(json.loads((ROOT / "samples/trace.json").read_text("utf-8")), schema)


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
