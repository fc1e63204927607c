"""Encoder-decoders: what the decoder reads, and whose tokens are whose."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tokenizers import Tokenizer

import attncli
from attncli.cli import tokenizer_process
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"
T5, BART = str(GOLDEN / "t5-text"), str(GOLDEN / "bart-text")
SOURCE, TARGET = "the cat sat on the mat", "the mat sat"
READ = ["the", "cat", "sat", "on", "the", "mat", "</s>"]
SAID = ["<pad>", "the", "mat", "sat"]
COMMAND = ("explain", SOURCE, "--target", TARGET, "-m", T5)


def document(attn: Run, *arguments: str) -> Any:
    return json.loads(text_of(attn(*arguments, "--json")))


def names(attn: Run, *arguments: str) -> list[str]:
    return [stage["name"] for stage in document(attn, *COMMAND, *arguments)["stages"]]


# ------------------------------------------------------------------ what the decoder reads


def test_the_decoder_reads_its_start_and_the_target_without_its_end(attn: Run) -> None:
    made = document(attn, *COMMAND, "--stage", "logits")
    assert made["target"]["text"] == TARGET
    assert [token["text"] for token in made["target"]["tokens"]] == SAID
    assert [token["start"] for token in made["target"]["tokens"]] == [None, 0, 4, 8]
    assert [token["text"] for token in made["tokens"]] == READ


def test_what_opens_a_target_stays(attn: Run) -> None:
    made = document(attn, "explain", SOURCE, "--target", TARGET, "-m", BART, "--stage", "logits")
    assert [token["text"] for token in made["target"]["tokens"]] == ["<unk>", "<s>", "the", "mat", "sat"]


def test_without_special_tokens_nothing_is_taken_off(attn: Run) -> None:
    made = document(attn, *COMMAND, "--no-special-tokens", "--stage", "logits")
    assert [token["text"] for token in made["target"]["tokens"]] == SAID
    assert [token["text"] for token in made["tokens"]] == READ[:-1]


def test_without_a_target_there_is_the_first_step_alone(attn: Run) -> None:
    made = document(attn, "explain", SOURCE, "-m", T5, "--stage", "probs")
    assert made["target"]["text"] is None
    assert [token["text"] for token in made["target"]["tokens"]] == ["<pad>"]
    assert made["stages"][0]["shape"] == [1, 5]


def test_target_ids_are_the_input_as_it_is() -> None:
    by_text = attncli.trace(SOURCE, target=TARGET, model=T5, stages=["logits"])
    by_ids = attncli.trace(SOURCE, target_ids=[0, 3, 9, 6], model=T5, stages=["logits"])
    assert by_text.target is not None
    assert by_ids.target is not None
    assert by_text.target.ids == by_ids.target.ids
    np.testing.assert_array_equal(by_text["logits"].values, by_ids["logits"].values)


def test_an_earlier_word_does_not_hang_on_a_later_one() -> None:
    short = attncli.trace(SOURCE, target="the", model=T5, stages=["logits"])["logits"].values
    longer = attncli.trace(SOURCE, target=TARGET, model=T5, stages=["logits"])["logits"].values
    np.testing.assert_allclose(short, longer[:2], atol=1e-5)


def test_truncation_is_of_the_source_alone(tmp_path: Path) -> None:
    model = attncli.load_model(BART)
    assert model.spec.stacks[0].embed.max_positions == 14
    trace = attncli.trace("cat " * 30, target="mat " * 11, truncate=True, model=model, stages=["logits"])
    assert trace.tokens is not None
    assert trace.target is not None
    assert len(trace.tokens) == 14
    assert len(trace.target) == 13
    with pytest.raises(attncli.UsageError, match="42 target tokens are more than the decoder's 14 positions"):
        attncli.trace("cat " * 30, target="mat " * 40, truncate=True, model=model, stages=["logits"])


# ------------------------------------------------------------------ whose tokens are whose


def tokens_of_rows_and_columns(text: str) -> tuple[list[str], list[str]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    queries = {int(row["query"]): row["query_token"] for row in rows}
    keys = {int(row["key"]): row["key_token"] for row in rows}
    return [queries[i] for i in sorted(queries)], [keys[i] for i in sorted(keys)]


@pytest.mark.parametrize(
    ("stage", "rows", "columns"),
    [("encoder.attn.weights", READ, READ), ("decoder.attn.weights", SAID, SAID), ("cross.weights", SAID, READ)],
)
def test_rows_and_columns_have_the_tokens_of_their_side(
    attn: Run, stage: str, rows: list[str], columns: list[str]
) -> None:
    assert tokens_of_rows_and_columns(text_of(attn(*COMMAND, "--stage", stage, "--format", "csv"))) == (
        rows,
        columns,
    )
    markdown = text_of(attn(*COMMAND, "--stage", stage, "--format", "md")).replace("\\", "")
    header, _, *body = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    assert header == [*(f"{i} {token}" for i, token in enumerate(columns)), "Σ"]
    assert [line[0] for line in body] == [f"{i} {token}" for i, token in enumerate(rows)]
    table = text_of(attn(*COMMAND, "--stage", stage))
    for label in (*(f"{i} {token}" for i, token in enumerate(rows)), f"query {len(rows)} × key {len(columns)}"):
        assert label in table


@pytest.mark.parametrize(
    ("stage", "tokens"),
    [
        ("cross.q", SAID), ("cross.k", READ), ("cross.v", READ), ("cross.output", SAID), ("decoder.embed", SAID),
        ("encoder.embed", READ), ("encoder.final", READ), ("decoder.final", SAID), ("logits", SAID),
    ],
)  # fmt: skip
def test_positions_have_the_tokens_of_their_side(attn: Run, stage: str, tokens: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(attn(*COMMAND, "--stage", stage, "--format", "csv")))))
    by_position = {int(row["position"]): row["token"] for row in rows}
    assert [by_position[i] for i in sorted(by_position)] == tokens


def test_both_sides_are_listed_above_the_tables(attn: Run) -> None:
    lines = text_of(attn(*COMMAND, "--stage", "cross.weights")).splitlines()
    assert lines[0].startswith("t5-text (t5) · 2 + 3 layers × 3 heads")
    assert "source: 7 tokens  0 the  1 cat  2 sat  3 on  4 the  5 mat  6 </s>" in lines
    assert "target: 4 tokens  0 <pad>  1 the  2 mat  3 sat" in lines
    assert "Target: 0:`<pad>` 1:`the`" in text_of(attn(*COMMAND, "--stage", "cross.weights", "--format", "md"))


@pytest.mark.parametrize("model", ["t5-text", "t5-gated", "bart-tied", "marian-two-vocabularies", "m2m-tied"])
def test_json_of_every_stage_is_valid_by_the_schema(attn: Run, model: str) -> None:
    schema = json.loads(text_of(attn("schema")))
    command = ("explain", "--ids", "3,4,5", "--target-ids", "2,5", "-m", str(GOLDEN / model))
    made = document(attn, *command, "--layer", "all", "--head", "all", "--stage", "all")
    jsonschema.validate(made, schema)
    assert made["model"]["encoder_layers"] == 2
    assert made["model"]["layers"] == 3
    assert made["target"]["text"] is None


def test_other_models_have_no_target_in_json(attn: Run) -> None:
    made = document(attn, "explain", "a b")
    assert "target" not in made
    assert "encoder_layers" not in made["model"]


def test_a_saved_trace_has_its_target(attn: Run, tmp_path: Path) -> None:
    trace = attncli.trace(SOURCE, target=TARGET, model=T5)
    trace.save(tmp_path / "a.safetensors")
    text_of(attn(*COMMAND, "--stage", "all", "--layer", "all", "--head", "all", "-o", "b.safetensors"))
    for loaded in map(attncli.Trace.load, (tmp_path / "a.safetensors", tmp_path / "b.safetensors")):
        assert loaded.target is not None
        assert loaded.target_text == TARGET
        assert list(loaded.target.texts) == SAID
        assert loaded.model == trace.model
        stage = loaded["decoder.layers.1.cross.weights"]
        np.testing.assert_array_equal(stage.values, trace[stage.name].values)
        along = [loaded.tokens_along(stage, axis) for axis in ("query", "key")]
        assert [list(tokens.texts) for tokens in along if tokens is not None] == [SAID, READ]
    text_of(attn(*COMMAND, "--stage", "cross.weights", "-o", "c.npz"))
    facts = json.loads(str(np.load(tmp_path / "c.npz")["attn"]))
    assert [token["text"] for token in facts["target"]["tokens"]] == SAID


def test_tokens_of_both_sides(attn: Run) -> None:
    made = document(attn, "tokens", SOURCE, "--target", TARGET, "-m", T5)
    jsonschema.validate(made, json.loads(text_of(attn("schema", "tokens"))))
    assert [(token["side"], token["text"]) for token in made["tokens"]] == [
        *(("source", text) for text in READ),
        *(("target", text) for text in SAID),
    ]
    assert all("side" not in token for token in document(attn, "tokens", SOURCE, "-m", T5)["tokens"])


def test_words_of_a_vocabulary_of_its_own_are_numbers(attn: Run) -> None:
    folder = str(GOLDEN / "marian-two-vocabularies")
    tokenizer = ("--tokenizer", str(GOLDEN / "t5-text" / "tokenizer.json"))
    made = document(
        attn, "explain", "the cat", "--target-ids", "2,5", "-m", folder, *tokenizer, "--stage", "probs"
    )
    assert [token["text"] for token in made["tokens"]] == ["the", "cat", "</s>"]
    assert [token["text"] for token in made["target"]["tokens"]] == ["2", "5"]
    assert made["stages"][0]["texts"] == [[str(i) for i in row] for row in made["stages"][0]["ids"]]
    said = error_of(attn("explain", "the cat", "--target", "the", "-m", folder, *tokenizer), 2)
    assert "its own vocabulary" in said


# ------------------------------------------------------------------ which stages, heads, layers and rows


def test_the_default_view_is_the_three_attentions_of_the_first_layers(attn: Run) -> None:
    shown = names(attn)
    assert shown[:2] == ["encoder.embed.tokens", "encoder.embed"]
    assert {name.rsplit(".", 1)[0] for name in shown if name.endswith("weights")} == {
        "encoder.layers.0.attn", "decoder.layers.0.attn", "decoder.layers.0.cross"
    }  # fmt: skip
    assert shown[-1] == "decoder.layers.0.cross.output"


def test_a_layer_is_that_of_each_stack(attn: Run) -> None:
    assert names(attn, "--layer", "-1", "--stage", "attn.weights") == [
        "encoder.layers.1.attn.weights", "decoder.layers.2.attn.weights"
    ]  # fmt: skip
    assert names(attn, "--layer", "1-2", "--stage", "attn.weights") == [
        "encoder.layers.1.attn.weights", "decoder.layers.1.attn.weights", "decoder.layers.2.attn.weights"
    ]  # fmt: skip
    assert "layer 3 is out of range: 0 to 2" in error_of(attn(*COMMAND, "--layer", "3"), 2)
    said = error_of(attn(*COMMAND, "--layer", "2", "--stage", "encoder.attn.weights"), 2)
    assert "'encoder.attn.weights' is not in the selected layers, but in 0, 1." in said


def test_heads_are_those_that_all_have(attn: Run) -> None:
    """This encoder has 3 heads, its decoder 2."""
    command = ("explain", SOURCE, "-m", BART)

    def heads(*arguments: str) -> list[list[int]]:
        return [stage["heads"] for stage in document(attn, *command, *arguments)["stages"]]

    assert heads("--stage", "attn.weights", "--head", "all") == [[0, 1, 2], [0, 1]]
    assert heads("--stage", "attn.weights", "--head", "0-1") == [[0, 1], [0, 1]]
    assert heads("--stage", "encoder.attn.weights", "--head", "-1") == [[2]]
    assert heads("--stage", "cross.weights", "--head", "-1") == [[1]]
    assert "head 2 is out of range" in error_of(attn(*command, "--head", "2"), 2)
    assert "2 or 3 heads" in error_of(attn(*command, "--head", "-1"), 2)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("encoder.0.attn.hook_pattern", "encoder.layers.0.attn.weights"),
        ("decoder.2.attn.hook_z", "decoder.layers.2.attn.mixed"),
        ("decoder.0.cross_attn.hook_pattern", "decoder.layers.0.cross.weights"),
        ("decoder.1.cross_attn.hook_k", "decoder.layers.1.cross.k"),
        ("decoder.1.hook_cross_attn_out", "decoder.layers.1.cross.output"),
        ("decoder.1.hook_resid_mid_cross", "decoder.layers.1.resid.cross"),
        ("decoder.1.hook_resid_pre", "decoder.layers.0.resid.out"),
        ("decoder.0.hook_resid_pre", "decoder.embed"),
        ("encoder.1.mlp.hook_post", "encoder.layers.1.mlp.activated"),
    ],
)
def test_names_of_transformer_lens(attn: Run, theirs: str, ours: str) -> None:
    assert names(attn, "--stage", theirs) == [ours]


def test_a_query_is_a_token_of_the_stages_side(attn: Run) -> None:
    def rows(query: str, *stages: str) -> list[list[int]]:
        wanted = [argument for stage in stages for argument in ("--stage", stage)]
        return [stage["rows"] for stage in document(attn, *COMMAND, "--query", query, *wanted)["stages"]]

    assert rows("mat", "encoder.attn.weights", "decoder.attn.weights", "cross.weights") == [[5], [2], [2]]
    assert rows("cat", "encoder.attn.weights") == [[1]]
    assert rows("the", "cross.weights", "logits") == [[1], [1]]
    assert rows("-1", "encoder.attn.weights", "logits") == [[6], [3]]
    (keys,) = document(attn, *COMMAND, "--query", "mat", "--stage", "cross.k")["stages"]
    assert keys["rows"] is None
    assert keys["shape"][1] == len(READ)


@pytest.mark.parametrize(
    ("query", "stage", "said"),
    [
        ("cat", "cross.weights", "no token 'cat' in the target"),
        ("cat", "attn.weights", "no token 'cat' in the target"),
        ("<pad>", "encoder.attn.weights", "no token '<pad>' in the source"),
        ("the", "encoder.attn.weights", "'the' is token 0, 4 of the source: several"),
        ("5", "cross.weights", "query 5 of the target is out of range: 0 to 3"),
    ],
)
def test_a_query_that_is_not_there_says_which_side(attn: Run, query: str, stage: str, said: str) -> None:
    told = error_of(attn(*COMMAND, "--query", query, "--stage", stage), 2)
    assert said in told
    assert ("--stage 'encoder.*'" in told) == said.startswith("no token 'cat'")


@pytest.mark.parametrize("model", ["t5-gated", "bart-tied", "m2m-tied"])
def test_a_selection_gives_the_same_numbers_as_the_whole(model: str) -> None:
    loaded = attncli.load_model(GOLDEN / model)
    given: dict[str, Any] = {"ids": [3, 7, 4, 5], "target_ids": [2, 5, 9], "model": loaded}
    whole = attncli.trace(**given)
    names = [*whole, "encoder.layers.0.attn.heads", "decoder.layers.2.cross.heads"]
    whole = attncli.trace(**given, stages=names)
    assert set(whole) == set(names)
    for name, stage in whole.items():
        heads, queries, encoder_queries = [1], [0, 2], [1, 3]
        part = attncli.trace(
            **given, stages=[name], heads=heads, queries=queries, encoder_queries=encoder_queries
        )[name]
        expected = stage.values
        if stage.axes[0] in ("head", "kv_head"):
            expected = expected[heads]
        if not name.endswith((".k", ".v")):
            kept = encoder_queries if name.startswith("encoder.") else queries
            assert part.rows == tuple(kept), name
            expected = expected.take(kept, axis=-2)
        np.testing.assert_allclose(part.values, expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_the_heads_parts_add_up_to_the_output() -> None:
    trace = attncli.trace(SOURCE, target=TARGET, model=T5, stages=["cross.heads", "cross.output"])
    heads, output = (trace[f"decoder.layers.2.cross.{name}"].values for name in ("heads", "output"))
    np.testing.assert_allclose(heads.sum(axis=0), output, atol=1e-5)


# ------------------------------------------------------------------ what is wrong is told


def test_models_without_an_encoder_take_no_target(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    for model in ((), ("-m", "m")):
        for option, value in (("--target", "the"), ("--target-ids", "1")):
            said = error_of(attn("explain", "the cat", option, value, *model), 2)
            assert said.startswith(f"attn: error: {option} is for an encoder with a decoder")
            assert len(said.splitlines()) == 1
            assert option in error_of(attn("tokens", "the cat", option, value, *model), 2)
    with pytest.raises(attncli.UsageError, match="no encoder"):
        attncli.trace("the cat", encoder_queries=[0])


def test_a_language_that_only_its_code_tells_is_asked_for(attn: Run, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for file in (GOLDEN / "mbart-tied").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "tokenizer.json").write_bytes((GOLDEN / "t5-text" / "tokenizer.json").read_bytes())
    assert "--target-ids" in error_of(attn("explain", "the cat", "--target", "the", "-m", "m"), 2)
    assert len(document(attn, "explain", "the cat", "-m", "m", "--stage", "probs")["target"]["tokens"]) == 1
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"decoder_start_token_id": None}))
    assert "--target-ids" in error_of(attn("explain", "the cat", "-m", "m"), 2)
    text_of(attn("explain", "the cat", "--target-ids", "9,1", "-m", "m"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ids", "1", "--target", "a", "--target-ids", "1"), "--target and --target-ids are both given"),
        (("--ids", "1", "--target-ids", "1,x"), "--target-ids '1,x': whole numbers are needed"),
        (("--ids", "1", "--target-ids", ""), "no tokens for the decoder"),
        (("--ids", "43", "--target-ids", "1"), "token 0 has id 43, but the encoder's vocabulary has ids 0 to 42"),
        (("--ids", "42", "--target-ids", "1,31"), "target token 1 has id 31, but the decoder's vocabulary"),
        (("--ids", ",".join("1" * 15), "--target-ids", "1"), "15 tokens are more than the encoder's 14 positions"),
        (("--ids", "1", "--target-ids", ",".join("1" * 15)), "15 target tokens are more than the decoder's 14"),
    ],
)
def test_input_that_does_not_suit_says_which_side(attn: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in error_of(attn("explain", *arguments, "-m", str(GOLDEN / "marian-two-vocabularies")), 2)


def test_decoders_alone_are_refused(tmp_path: Path) -> None:
    for file in (GOLDEN / "bart-tied").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"is_encoder_decoder": False}))
    with pytest.raises(attncli.AttnError, match="is_encoder_decoder"):
        attncli.load_model(tmp_path)


# ------------------------------------------------------------------ with a vocabulary read in a second process


def test_a_large_vocabulary_gives_the_same(attn: Run, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for file in (GOLDEN / "t5-text").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens([f"word-{i}-{'x' * 20}" for i in range(6000)])
    tokenizer.save(str(folder / "tokenizer.json"))
    assert (folder / "tokenizer.json").stat().st_size > tokenizer_process.WORTHWHILE
    for target in (TARGET, SOURCE):
        arguments = (
            "explain",
            SOURCE,
            "--target",
            target,
            "-m",
            "m",
            "--stage",
            "cross.weights",
            "--stage",
            "probs",
        )
        in_one_process = ("--tokenizer", str(folder / "tokenizer.json"))
        made = document(attn, *arguments)
        assert [token["text"] for token in made["target"]["tokens"][1:]] == target.split()
        assert made == document(attn, *arguments, *in_one_process)
