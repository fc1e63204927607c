"""What lies in samples/ is what its programs and commands write; the answer of the exercise is what attn prints.

tests/docs/test_pages.py runs the commands of samples/README.md.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.conftest import Run, text_of

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with what the programs of samples/ write."""
    for maker in SAMPLES.glob("make_*.py"):
        shutil.copy(maker, tmp_path)
        subprocess.run([sys.executable, tmp_path / maker.name], check=True)
    return tmp_path


def test_the_tiny_checkpoint_is_what_its_program_writes(made: Path) -> None:
    assert {file.name for file in (made / "tiny").iterdir()} == {
        file.name for file in (SAMPLES / "tiny").iterdir()
    }
    for file in SAMPLES.glob("tiny/*.json"):
        assert json.loads((made / "tiny" / file.name).read_text("utf-8")) == json.loads(file.read_text("utf-8"))
    close(load_file(made / "tiny/model.safetensors"), load_file(SAMPLES / "tiny/model.safetensors"))


def test_the_exercise_is_what_its_program_writes(made: Path) -> None:
    with np.load(made / "exercise.npz") as one, np.load(SAMPLES / "exercise.npz") as other:
        close(dict(one), dict(other))


def test_the_trace_is_what_its_command_writes_and_as_the_schema_says(attn: Run, tmp_path: Path) -> None:
    (command,) = re.findall(
        r"^attn (.+ -o samples/trace\.json)$", (SAMPLES / "README.md").read_text("utf-8"), re.M
    )
    (tmp_path / "samples").mkdir()
    shutil.copy(SAMPLES / "exercise.npz", tmp_path / "samples")
    assert text_of(attn(*shlex.split(command))) == ""
    new, kept = (json.loads((root / "samples/trace.json").read_text("utf-8")) for root in (tmp_path, ROOT))
    close(*({s["name"]: np.array(s.pop("values")) for s in trace["stages"]} for trace in (new, kept)))
    assert new == kept
    schema = json.loads((ROOT / "attncli/schemas/trace-1.json").read_text("utf-8"))
    jsonschema.validate(json.loads((SAMPLES / "trace.json").read_text("utf-8")), schema)


def test_the_answer_of_the_exercise_is_what_attn_prints(attn: Run) -> None:
    """Every table and every list of samples/exercise.md, read from there."""
    answer = (SAMPLES / "exercise.md").read_text("utf-8")
    done = attn("explain", "one two three", "-m", str(SAMPLES / "exercise.npz"), "--json")
    stages = {s["name"].split(".")[-1]: np.squeeze(s["values"]) for s in json.loads(text_of(done))["stages"]}

    vectors = rows(answer, r"\| (?:one|two|three) \| (.+)")  # q, k and v of each word, without their zeros
    np.testing.assert_array_equal(vectors[:, 0:2], stages["q"][:, :2])
    np.testing.assert_array_equal(vectors[:, 2:4], stages["k"][:, :2])
    np.testing.assert_array_equal(vectors[:, 4:6], stages["v"])
    assert not stages["q"][:, 2:].any()
    assert not stages["k"][:, 2:].any()

    scores = rows(answer, r"\| \*\*.+?\*\* \| (.+)")  # S, and S / 2 beside it
    np.testing.assert_array_equal(scores[:, :3], stages["scores"])
    np.testing.assert_array_equal(scores[:, 3:], stages["scaled"])

    np.testing.assert_allclose(rows(answer, r"- .+ so (.+)"), stages["weights"], atol=5e-5)
    sums = rows(answer, r"- (.+\[.+) = ").reshape(3, 3, 3)  # [query, key, its weight and its value]
    np.testing.assert_allclose(sums[..., 0], stages["weights"], atol=5e-5)
    for values in sums[..., 1:]:
        np.testing.assert_array_equal(values, stages["v"])
    np.testing.assert_allclose(rows(answer, r"- .+ = \[(.+)\]"), stages["output"], atol=5e-5)
    assert re.findall(r"together .+? = (.+?),", answer) == [f"{1 + 2 * np.e:.4f}", f"{2 + np.e:.4f}"]


def rows(text: str, pattern: str) -> np.ndarray:
    """The numbers in what the pattern finds in the lines of a text, a row a line."""
    return np.array([re.findall(r"[\d.]+", found) for found in re.findall(f"^{pattern}", text, re.M)], dtype=float)


def close(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    """Two sets of arrays are alike, but for the last digits, which differ between processors."""
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-6)
