"""Documents for programs and papers (JSON, NDJSON, CSV, npz, safetensors, Markdown): all say the same numbers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from safetensors import safe_open

import attncli
from attncli.stages import CATALOGUE
from tests.conftest import Run, text_of
from tests.support.checkpoints import write_gpt2
from tests.support.documents import schema, strictly

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = 'The cat, 猫 \x1b[1m said\n"hi"'
EVERYTHING = ("--layer", "all", "--head", "all", "--stage", "all")


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "alibi", "none"])
@pytest.mark.parametrize("arguments", [(), EVERYTHING, ("--query", "1", "--stage", "all"), ("--stage", "heads")])
def test_json_is_valid_by_the_schema_of_the_package(attn: Run, positions: str, arguments: tuple[str, ...]) -> None:
    text = text_of(attn("explain", SENTENCE, "--seed", "0", "--positions", positions, *arguments, "--json"))
    document = strictly(text)
    jsonschema.validate(document, schema(attn))
    for stage in document["stages"]:
        assert np.array(stage["values"], float).shape == tuple(stage["shape"])
        assert len(stage["axes"]) == len(stage["shape"])


@pytest.mark.parametrize("model", ["gpt-oss-plain", "deepseek-v3-groups"])
def test_json_of_experts_sinks_and_latents_is_valid_by_the_schema(attn: Run, model: str) -> None:
    document = strictly(
        text_of(attn("explain", "--ids", "1,2,3", "-m", str(GOLDEN / model), *EVERYTHING, "--json"))
    )
    jsonschema.validate(document, schema(attn))


def test_the_schema_knows_every_axis_of_the_catalogue(attn: Run) -> None:
    known = schema(attn)["$defs"]["stage"]["properties"]["axes"]["items"]["enum"]
    assert {axis for entry in CATALOGUE.values() for axis in entry.axes} <= set(known)


def test_masked_scores_are_null_in_json(attn: Run) -> None:
    (stage,) = json.loads(text_of(attn("explain", "a b", "--stage", "masked", "--json")))["stages"]
    assert stage["values"][0][0][1] is None


def test_numbers_in_json_read_back_to_the_same_float32(attn: Run) -> None:
    document = json.loads(text_of(attn("explain", SENTENCE, *EVERYTHING, "--top", "all", "--json")))
    expected = attncli.trace(SENTENCE)
    for stage in document["stages"]:
        read = np.array(stage["values"], np.float32)
        values = expected[stage["name"]].values
        np.testing.assert_array_equal(read[np.isfinite(values)], values[np.isfinite(values)])
    (short,) = {len(str(v)) for v in [document["stages"][1]["values"][0][1]]}
    assert short <= 12


def test_ndjson_is_the_json_a_line_at_a_time(attn: Run) -> None:
    whole = json.loads(text_of(attn("explain", SENTENCE, "--json")))
    head, *stages = [
        strictly(line) for line in text_of(attn("explain", SENTENCE, "--format", "ndjson")).splitlines()
    ]
    assert head == {k: v for k, v in whole.items() if k != "stages"}
    assert stages == whole["stages"]


def test_csv_of_weights_is_tidy(attn: Run) -> None:
    text = text_of(
        attn("explain", "The cat, sat", "--seed", "0", "--stage", "weights", "--head", "all", "--format", "csv")
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["stage", "layer", "head", "query", "query_token", "key", "key_token", "value"]
    traced = attncli.trace("The cat, sat", model=attncli.load_model(seed=0), stages=["layers.0.attn.weights"])
    weights = traced["layers.0.attn.weights"].values
    assert len(rows) == weights.size
    for row in rows:
        assert np.float32(row["value"]) == weights[int(row["head"]), int(row["query"]), int(row["key"])]
        assert row["query_token"] == ["The", "cat", ",", "sat"][int(row["query"])]


def test_csv_of_everything_has_one_number_a_row(attn: Run) -> None:
    text = text_of(attn("explain", SENTENCE, "--seed", "0", *EVERYTHING, "--top", "all", "--format", "csv"))
    rows = list(csv.DictReader(io.StringIO(text)))
    expected = attncli.trace(SENTENCE, model=attncli.load_model(seed=0))
    assert len(rows) == sum(stage.values.size for stage in expected.values())
    by_stage: dict[str, list[float]] = {}
    for row in rows:
        by_stage.setdefault(row["stage"], []).append(float(row["value"]))
    for name, stage in expected.items():
        np.testing.assert_array_equal(np.array(by_stage[name], np.float32), stage.values.reshape(-1))


def test_csv_of_the_top_words_names_them(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    arguments = ("explain", "the cat", "-m", "m", "--stage", "probs", "--top", "2", "--query", "1")
    rows = list(csv.DictReader(io.StringIO(text_of(attn(*arguments, "--format", "csv")))))
    (stage,) = json.loads(text_of(attn(*arguments, "--json")))["stages"]
    assert [int(r["id"]) for r in rows] == stage["ids"][0]
    assert [r["word"] for r in rows] == stage["texts"][0]
    assert [r["position"] for r in rows] == ["1", "1"]


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_array_files_hold_every_stage_bit_by_bit(attn: Run, tmp_path: Path, ending: str) -> None:
    assert text_of(attn("explain", SENTENCE, *EVERYTHING, "-o", f"out.{ending}")) == ""
    expected = attncli.trace(SENTENCE)
    if ending == "npz":
        with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
            arrays = dict(file)
        facts = json.loads(str(arrays.pop("attn")))
    else:
        with safe_open(tmp_path / "out.safetensors", framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = json.loads(file.metadata()["attn"])
    assert set(arrays) == set(expected)
    assert facts["text"] == SENTENCE
    loaded = attncli.Trace.load(tmp_path / f"out.{ending}")
    assert loaded.tokens is not None
    assert loaded.text == SENTENCE
    assert loaded.tokens.texts == expected.tokens.texts
    loaded.save(tmp_path / f"again.{ending}")
    assert list(attncli.Trace.load(tmp_path / f"again.{ending}")) == list(loaded) == list(expected)
    for name, stage in expected.items():
        np.testing.assert_array_equal(arrays[name], stage.values)


def test_markdown_tables_have_as_many_cells_in_every_row(attn: Run) -> None:
    text = text_of(
        attn("explain", "a|b `c` *d* [e](f)", "--seed", "0", "--tokenizer", "chars", "--format", "md", "--full")
    )
    counts: list[set[int]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            counts[-1].add(line.replace(r"\|", "").count("|"))
        else:
            counts.append(set())
    assert [c for c in counts if c]
    assert all(len(c) <= 1 for c in counts)


@pytest.mark.parametrize("case", ["gpt-oss-yarn", "deepseek-v3-groups", "t5-text", "deberta-v2-own-keys"])
def test_json_of_every_stage_of_a_checkpoint_is_valid_by_the_schema(attn: Run, case: str) -> None:
    target = ("--target-ids", "0,3") if case.startswith("t5") else ()
    text = text_of(attn("explain", "--ids", "1,2,3", "-m", str(GOLDEN / case), *target, *EVERYTHING, "--json"))
    jsonschema.validate(strictly(text), schema(attn))


def test_the_sink_has_a_column_of_its_own_in_every_format(attn: Run) -> None:
    def shown(form: str) -> str:
        which = ("--stage", "weights_with_sink", "--layer", "0", "--head", "0", "--format", form)
        return text_of(attn("explain", "--ids", "4,5,6", "-m", str(GOLDEN / "gpt-oss-yarn"), *which))

    header = next(line for line in shown("table").splitlines() if "Σ" in line)
    assert header.replace("│", " ").split() == ["0", "4", "1", "5", "2", "6", "sink", "Σ"]
    assert "|  | 0 4 | 1 5 | 2 6 | sink | Σ |" in shown("md")
    rows = list(csv.DictReader(io.StringIO(shown("csv"))))
    assert [(row["key"], row["key_token"]) for row in rows[:4]] == [
        ("0", "4"),
        ("1", "5"),
        ("2", "6"),
        ("", "sink"),
    ]
    assert sum(float(row["value"]) for row in rows[:4]) == pytest.approx(1, abs=1e-6)
    (stage,) = strictly(shown("json"))["stages"]
    assert stage["axes"] == ["head", "query", "key_or_sink"]
    assert stage["shape"] == [1, 3, 4]
