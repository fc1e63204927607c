"""Every format says the same, and what it promises."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from safetensors import safe_open

import attncli
from attncli.stages import CATALOGUE
from tests.conftest import Run, text_of
from tests.support.checkpoints import write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = 'The cat, 猫 \x1b[1m said\n"hi"'
EVERYTHING = ("--layer", "all", "--head", "all", "--stage", "all")


def schema(attn: Run, name: str = "trace") -> Any:
    document = json.loads(text_of(attn("schema", name)))
    jsonschema.Draft202012Validator.check_schema(document)
    return document


def strictly(text: str) -> Any:
    """JSON by the letter: no NaN, no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "alibi", "none"])
@pytest.mark.parametrize("arguments", [(), EVERYTHING, ("--query", "1", "--stage", "all"), ("--stage", "heads")])
def test_json_is_valid_by_the_schema_of_the_package(attn: Run, positions: str, arguments: tuple[str, ...]) -> None:
    text = text_of(attn("explain", SENTENCE, "--positions", positions, *arguments, "--json"))
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


def test_a_trace_saves_and_loads(tmp_path: Path) -> None:
    trace = attncli.trace(SENTENCE, heads=[1], queries=[0, 2])
    trace.save(tmp_path / "t.safetensors")
    loaded = attncli.Trace.load(tmp_path / "t.safetensors")
    assert list(loaded) == list(trace)
    assert loaded.text == SENTENCE
    assert loaded.model == trace.model
    assert loaded.tokens is not None
    assert trace.tokens is not None
    assert loaded.tokens.records() == trace.tokens.records()
    for name, stage in trace.items():
        np.testing.assert_array_equal(loaded[name].values, stage.values)
        for field in ("axes", "symbol", "formula", "detail", "layer", "heads", "rows"):
            assert getattr(loaded[name], field) == getattr(stage, field)


def test_markdown_tables_have_as_many_cells_in_every_row(attn: Run) -> None:
    text = text_of(attn("explain", "a|b `c` *d* [e](f)", "--tokenizer", "chars", "--format", "md", "--full"))
    counts: list[set[int]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            counts[-1].add(line.replace(r"\|", "").count("|"))
        else:
            counts.append(set())
    assert [c for c in counts if c]
    assert all(len(c) <= 1 for c in counts)


@pytest.mark.parametrize("ending", ["json", "ndjson", "csv", "npz", "safetensors", "md", "txt"])
def test_the_ending_of_the_output_file_sets_the_format(attn: Run, tmp_path: Path, ending: str) -> None:
    text_of(attn("explain", "a b", "-o", f"out.{ending}"))
    name = {"txt": "table"}.get(ending, ending)
    piped = attn("explain", "a b", "--format", name).stdout
    written = (tmp_path / f"out.{ending}").read_bytes()
    assert piped[:200] == written[:200]
    assert len(piped) == len(written)


def test_output_files_have_ordinary_permissions(attn: Run, tmp_path: Path) -> None:
    text_of(attn("explain", "a b", "-o", "out.json"))
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "out.json").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("format_", ["table", "json", "ndjson", "csv", "md", "npz", "safetensors"])
@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "alibi"])
def test_pe_comes_in_every_format(attn: Run, kind: str, format_: str) -> None:
    done = attn("pe", "--kind", kind, "--length", "3", "--format", format_)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_pe_gives_the_numbers_of_the_paper(attn: Run) -> None:
    document = strictly(text_of(attn("pe", "--dim", "64", "--position", "3,5-9", "--json")))
    jsonschema.validate(document, schema(attn, "pe"))
    (stage,) = document["stages"]
    for row, pos in zip(stage["values"], [3, 5, 6, 7, 8, 9], strict=True):
        for i in range(32):
            assert row[2 * i] == pytest.approx(np.sin(pos / 10000 ** (2 * i / 64)), abs=1e-12)
            assert row[2 * i + 1] == pytest.approx(np.cos(pos / 10000 ** (2 * i / 64)), abs=1e-12)


def test_pe_shows_a_checkpoints_own_table(attn: Run, tmp_path: Path) -> None:
    from tests.support.checkpoints import tensors

    write_gpt2(tmp_path / "m")
    document = strictly(text_of(attn("pe", "--model", "m", "--position", "2-4", "--json")))
    jsonschema.validate(document, schema(attn, "pe"))
    np.testing.assert_array_equal(
        np.array(document["stages"][0]["values"], np.float32), tensors()["wpe.weight"][2:5]
    )


def test_pe_shows_the_vectors_that_the_tokens_get(attn: Run) -> None:
    """Of a model whose positions do not begin at the table's first row."""
    model = str(Path(__file__).parent.parent / "golden" / "roberta-padding")
    asked = strictly(text_of(attn("pe", "--model", model, "--length", "3", "--json")))
    given = strictly(
        text_of(attn("explain", "--ids", "7,9,8", "-m", model, "--stage", "embed.positions", "--json"))
    )
    assert asked["stages"][0]["values"] == given["stages"][0]["values"]
    assert asked["stages"][0]["formula"] == given["stages"][0]["formula"] == "P = P[4 + pos]"


@pytest.mark.parametrize("format_", ["table", "json", "ndjson", "csv", "md", "npz", "safetensors"])
def test_tokens_come_in_every_format(attn: Run, format_: str) -> None:
    done = attn("tokens", SENTENCE, "--format", format_)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("tokenizer", ["words", "chars", "bytes"])
@pytest.mark.parametrize("text", [SENTENCE, "don't stop。東京タワー ｶﾀｶﾅ 👩‍👩‍👧!", "e\u0301 a\u200bb"])
def test_tokens_cover_the_text_by_their_spans(attn: Run, tokenizer: str, text: str) -> None:
    document = strictly(text_of(attn("tokens", text, "--tokenizer", tokenizer, "--json")))
    jsonschema.validate(document, schema(attn, "tokens"))
    tokens = document["tokens"]
    covered = {i for t in tokens for i in range(t["start"], t["end"])}
    assert covered == {i for i, c in enumerate(text) if tokenizer != "words" or not c.isspace()}
    if tokenizer != "bytes":
        assert all(t["text"] == text[t["start"] : t["end"]] for t in tokens)
    else:
        assert [t["id"] for t in tokens] == list(text.encode())


def test_words_take_each_ideograph_and_kana_by_itself() -> None:
    trace = attncli.trace(
        "猫がマットに座った、don't sit 2人。", model=attncli.load_model(seed=0), stages=["embed"]
    )
    assert trace.tokens is not None
    assert trace.tokens.texts == (*"猫がマットに座った、", "don't", "sit", "2", "人", "。")


GOLDEN = Path(__file__).parent.parent / "golden"


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
