"""A Trace in Python: named, shown on one screen, taken as arrays, saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli import AttnError, Trace, UsageError
from tests.conftest import Run, text_of

SENTENCE = "The cat sat on the mat"
KEY = "attn"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return attncli.trace(SENTENCE, stages=["embed", "attn.*", "probs"], layers=[0, 1], top=3)


# ------------------------------------------------------------------ names


def test_a_stage_is_found_by_its_name_or_the_end_of_it(trace: Trace) -> None:
    whole = trace["layers.1.attn.weights"]
    one = attncli.trace(SENTENCE, stages="weights", layers=1)
    for name in ("layers.1.attn.weights", "attn.weights", "weights", "1.attn.weights"):
        assert one[name].name == whole.name
        assert name in one
        assert one.get(name) is one[whole.name]
    assert "eights" not in one
    assert one.get("scores") is None


def test_a_name_of_several_stages_lists_them(trace: Trace) -> None:
    with pytest.raises(KeyError, match=r"several stages: layers\.0\.attn\.weights, layers\.1\.attn\.weights"):
        trace["weights"]
    assert "weights" not in trace


def test_a_name_of_none_lists_the_nearest(trace: Trace) -> None:
    for name in ("wieghts", "atn.weights"):
        with pytest.raises(KeyError, match=r"Did you mean attn\.weights"):
            trace[name]
    with pytest.raises(KeyError, match="no stage 3"):
        trace[3]  # type: ignore[index]


# ------------------------------------------------------------------ arrays


def test_numpy_takes_a_stage_as_its_values(trace: Trace) -> None:
    stage = trace["layers.0.attn.weights"]
    assert np.asarray(stage) is stage.values or np.shares_memory(np.asarray(stage), stage.values)
    np.testing.assert_array_equal(np.asarray(stage), stage.values)
    assert np.asarray(stage, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(stage), stage.values)
    np.testing.assert_allclose(np.sum(stage, axis=-1), 1, atol=1e-5)
    assert np.asarray(list(attncli.trace(SENTENCE, stages="weights").values())).shape == (4, 4, 8, 8)


# ------------------------------------------------------------------ what is shown of it


def test_a_trace_is_shown_on_one_screen() -> None:
    shown = repr(attncli.trace(SENTENCE))
    lines = shown.splitlines()
    assert "story" in lines[0]
    assert repr(SENTENCE) in lines[0]
    assert len(lines) <= 24
    assert max(map(len, lines)) < 100
    assert "layers.0.attn.weights [head 4, query 8, key 8] float32" in shown
    assert lines[-1].strip() == "… 61 more"


def test_a_long_text_is_cut_where_a_trace_is_shown() -> None:
    shown = repr(attncli.trace("the cat sat on the mat. " * 20, stages="embed"))
    assert len(shown.splitlines()) == 2
    assert "…" in shown
    assert len(shown) < 200
    assert repr(attncli.trace(ids=[1, 2], stages="embed")).startswith("Trace of story (llama), 1 stages")
    assert repr(Trace()) == "Trace, 0 stages"


def test_a_model_and_a_stage_are_shown_in_a_line(trace: Trace) -> None:
    assert repr(attncli.load_model()) == "Model('story', llama, 4 layers × 4 heads, d_model 128)"
    assert repr(trace["embed"]) == "Stage('embed', [position 8, d_model 128], float32)"


# ------------------------------------------------------------------ saved and loaded


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".NPZ", ".SafeTensors"])
def test_what_is_saved_is_loaded_again(trace: Trace, tmp_path: Path, ending: str) -> None:
    trace.save(tmp_path / f"trace{ending}")
    loaded = Trace.load(str(tmp_path / f"trace{ending}"))
    assert list(loaded) == list(trace)
    assert (loaded.text, loaded.model) == (trace.text, trace.model)
    assert loaded.tokens is not None
    assert trace.tokens is not None
    assert loaded.tokens.records() == trace.tokens.records()
    for name, stage in trace.items():
        np.testing.assert_array_equal(loaded[name].values, stage.values)
        assert (loaded[name].axes, loaded[name].rows, loaded[name].labels) == (
            stage.axes,
            stage.rows,
            stage.labels,
        )


def test_positions_are_saved_and_loaded_too(tmp_path: Path) -> None:
    made = attncli.positions("rotary", dim=8, length=3)
    made.save(tmp_path / "pe.npz")
    assert Trace.load(tmp_path / "pe.npz").parameters == made.parameters


@pytest.mark.parametrize("ending", [".json", ".JSON"])
def test_json_is_what_explain_writes(attn: Run, tmp_path: Path, ending: str) -> None:
    attncli.trace(SENTENCE, stages="weights", layers=0).save(tmp_path / f"t{ending}")
    shown = text_of(attn("explain", SENTENCE, "--stage", "weights", "--layer", "0", "--head", "all", "--json"))
    assert json.loads((tmp_path / f"t{ending}").read_text()) == json.loads(shown)


@pytest.mark.parametrize("name", ["trace", "trace.txt", "trace.jsonl", "trace.npz.gz", ".npz"])
def test_another_ending_is_refused_with_those_known(trace: Trace, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.npz, \.safetensors, \.json"):
        trace.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def rewritten(trace: Trace, path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """A saved trace whose document has been changed."""
    trace.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    document = json.loads(str(arrays.pop(KEY)))
    np.savez(path, **{KEY: np.asarray(json.dumps(change(document) or document))}, **arrays)
    return path


def test_fields_that_a_later_attn_added_are_carried_along(trace: Trace, tmp_path: Path) -> None:
    def add(document: dict[str, Any]) -> None:
        document["weather"] = {"sunny": True, "wind": None}
        document["model"]["color"] = "red"
        document["tokens"][2]["mood"] = "calm"
        document["stages"][0]["taste"] = ["sweet"]

    loaded = Trace.load(rewritten(trace, tmp_path / "later.npz", add))
    assert list(loaded) == list(trace)
    assert loaded.model == trace.model
    for name in ("again.npz", "again.safetensors", "again.json"):
        loaded.save(tmp_path / name)
    again = Trace.load(tmp_path / "again.safetensors")
    assert again.unknown == loaded.unknown
    document = json.loads((tmp_path / "again.json").read_text())
    assert document["weather"] == {"sunny": True, "wind": None}
    assert document["model"]["color"] == "red"
    assert document["tokens"][2]["mood"] == "calm"
    assert "mood" not in document["tokens"][0]
    assert document["stages"][0]["taste"] == ["sweet"]
    assert trace.unknown == {}


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a later schema": lambda document: document.update(schema="attn.trace/2"),
    "another schema": lambda document: document.update(schema="attn.tokens/1"),
    "no schema": lambda document: document.pop("schema"),
    "no stages": lambda document: document.pop("stages"),
    "stages that are none": lambda document: document.update(stages=[3]),
    "a stage without its name": lambda document: document["stages"][0].pop("name"),
    "a stage without its array": lambda document: document["stages"][0].update(name="elsewhere"),
    "a stage without axes": lambda document: document["stages"][0].update(axes=None),
    "a model that is none": lambda document: document.update(model=[1]),
    "a model without its name": lambda document: document["model"].pop("name"),
    "tokens without ids": lambda document: document["tokens"][0].pop("id"),
    "no types": lambda document: document.pop("types"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_document_that_is_no_trace_is_told(trace: Trace, tmp_path: Path, change: str) -> None:
    def only(document: dict[str, Any]) -> None:
        CHANGES[change](document)

    with pytest.raises(AttnError, match=r"a\.npz"):
        Trace.load(rewritten(trace, tmp_path / "a.npz", only))


@pytest.mark.parametrize("document", ["", "{", "[]", "3", "null", '"text"'])
def test_a_document_of_junk_is_told(tmp_path: Path, document: str) -> None:
    np.savez(tmp_path / "a.npz", **{KEY: np.asarray(document)})
    with pytest.raises(AttnError, match=r"a\.npz"):
        Trace.load(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors", "a.json", "a"])
@pytest.mark.parametrize("content", [b"", b"junk" * 100, b"PK\x03\x04", b"\xff" * 64])
def test_a_file_of_junk_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AttnError, match=name):
        Trace.load(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors", "a"])
def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(AttnError, match=name):
        Trace.load(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(AttnError, match=name):
        Trace.load(tmp_path / name)


@pytest.mark.parametrize("command", ["tokens"])
@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_the_file_of_another_command_is_told(attn: Run, tmp_path: Path, command: str, ending: str) -> None:
    text_of(attn(command, SENTENCE, "-o", f"other.{ending}"))
    with pytest.raises(AttnError, match=f"other.{ending}"):
        Trace.load(tmp_path / f"other.{ending}")


def test_files_of_explain_are_traces(attn: Run, tmp_path: Path) -> None:
    text_of(attn("explain", SENTENCE, "--stage", "weights", "-o", "a.safetensors"))
    assert list(Trace.load(tmp_path / "a.safetensors")) == ["layers.1.attn.weights"]
