"""What the headers of a checkpoint tell is checked before anything is computed or written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import attncli
from attncli.model import running
from attncli.model.checking import check_parameters
from attncli.model.weights import CheckpointWeights
from attncli.stages import offered
from attncli.tracing.selection import Selection
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import tensors, write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(folder.name for folder in GOLDEN.iterdir() if (folder / "config.json").exists())
FORMATS = ("table", "md", "html", "svg", "json", "ndjson", "csv", "npz", "safetensors")


def looked_up(model: attncli.Model) -> set[str]:
    assert isinstance(model.weights, CheckpointWeights)
    return {name for name, _ in model.weights._found}


@pytest.mark.parametrize("case", CASES)
def test_exactly_what_the_answer_needs_is_looked_up(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every family, what is checked for a stage is what the forward then reads; of experts and of the terms of
    a bias, all."""
    stages = offered(attncli.load_model(GOLDEN / case).spec)
    for last in dict.fromkeys([*stages[::5], stages[-1]]):
        checked, read = (attncli.load_model(GOLDEN / case) for _ in range(2))
        check_parameters(checked, Selection((last,)))
        with monkeypatch.context() as without:
            without.setattr(running, "check_parameters", lambda model, selection: None)
            target = None if read.spec.encoder is None else [1, 2]
            attncli.trace(ids=[1, 2, 3], target_ids=target, model=read, stages=last)
        assert looked_up(read) <= looked_up(checked), last
        more = looked_up(checked) - looked_up(read)
        assert all(".experts." in name or ".distance_" in name for name in more), last


@pytest.mark.parametrize("case", ["gpt2-tied", "qwen3-moe-tied"])
def test_nothing_is_read_to_check(case: str) -> None:
    if case not in CASES:
        pytest.skip(f"there is no golden model {case}")
    model = attncli.load_model(GOLDEN / case)
    check_parameters(model, Selection(offered(model.spec)[-1:]))
    assert isinstance(model.weights, CheckpointWeights)
    assert model.weights.touched == []


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"h.1.mlp.c_fc.weight": None}, "tensor h.1.mlp.c_fc.weight is missing"),
        ({"h.1.attn.c_attn.weight": np.zeros((12, 35), np.float32)}, "has shape [12, 35]"),
    ],
)
def test_a_tensor_that_does_not_fit_is_told_before_the_first_byte(
    attn: Run, tmp_path: Path, change: dict[str, np.ndarray | None], says: str, format_: str
) -> None:
    write_gpt2(tmp_path / "m", change)
    command = ("explain", "the cat", "-m", "m", "--layer", "all", "--stage", "all", "--format", format_)
    assert says in error_of(attn(*command), 1)


def test_a_type_that_cannot_be_read_is_told_before_the_first_byte(attn: Run, tmp_path: Path) -> None:
    file = write_gpt2(tmp_path / "m") / "model.safetensors"
    raw = file.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header["h.1.ln_1.weight"]["dtype"] = "F4"  # of the same bytes: eight numbers where there was one
    header["h.1.ln_1.weight"]["shape"] = [96]
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size :])
    said = error_of(attn("explain", "the cat", "-m", "m", "--layer", "all", "--json"), 1)
    assert "h.1.ln_1.weight" in said


def test_an_array_of_words_is_no_layer(attn: Run, tmp_path: Path) -> None:
    words = np.array([["a", "b"], ["c", "d"]])
    np.savez(tmp_path / "a.npz", w_q=np.eye(2), w_k=np.eye(2), w_v=words)
    assert "array w_v holds <U1, not numbers" in error_of(attn("explain", "a b", "-m", "a.npz", "--json"), 1)


def test_a_file_that_is_cut_is_an_error_of_python_too(tmp_path: Path) -> None:
    model = attncli.load_model(write_gpt2(tmp_path / "m"))
    with (tmp_path / "m" / "model.safetensors").open("r+b") as raw:
        raw.truncate(4096)
    with pytest.raises(attncli.AttnError, match="was cut short"):
        attncli.trace("the cat", model=model)


def cut_while_it_answers(folder: Path, format_: str) -> tuple[int, bytes, str]:
    """What a command leaves whose checkpoint is cut when its first stage is written."""
    script = (
        "import sys, pathlib\nfrom attncli.cli import main\nfrom attncli.views import stages\n"
        "section, file = stages.section, pathlib.Path('m/model.safetensors')\n"
        "def cut(*arguments):\n"
        "    with file.open('r+b') as raw: raw.truncate(4096)\n"
        "    return section(*arguments)\n"
        "stages.section = cut\nmain(sys.argv[1:])\n"
    )
    write_gpt2(folder / "m")
    command = ["explain", "the cat", "-m", "m", "--layer", "all", "--stage", "all", "--format", format_]
    done = subprocess.run([sys.executable, "-c", script, *command], cwd=folder, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("format_", ["json", "md", "html", "svg", "npz"])
def test_a_document_on_standard_output_is_whole_or_nothing(tmp_path: Path, format_: str) -> None:
    code, out, said = cut_while_it_answers(tmp_path, format_)
    assert (code, out) == (1, b"")
    assert said.startswith("attn: error: m/model.safetensors was cut short while attn was reading it.")


@pytest.mark.parametrize("format_", ["csv", "ndjson", "table"])
def test_an_answer_that_broke_off_is_called_incomplete(tmp_path: Path, format_: str) -> None:
    code, out, said = cut_while_it_answers(tmp_path, format_)
    assert code == 1
    assert out
    assert said.startswith("attn: error: the answer is incomplete: m/model.safetensors was cut short")


def test_a_large_document_passes_through_a_temporary_file(attn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from attncli.cli import output

    class Terminal(io.BytesIO):
        buffer = property(lambda self: self)

    monkeypatch.setattr(output, "SPOOLED", 10)
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    with output.opened(None, whole=True) as stream:
        stream.write(b"0123456789" * 3)
        assert shown.getvalue() == b""
    assert shown.getvalue() == b"0123456789" * 3


def test_layers_that_are_not_needed_may_be_missing(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", {name: None for name in tensors() if name.startswith(("h.1.", "ln_f"))})
    assert text_of(attn("explain", "the cat", "-m", "m", "--stage", "layers.0.resid.out"))
