"""`attn explain` as a user runs it: inputs, stages, widths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

import attncli
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import write_gpt2
from tests.support.printed import framed_table_widths

SENTENCE = "The cat sat on the mat"
SEEDED = ("--seed", "0")


def stage_names(done: Any) -> list[str]:
    return [s["name"] for s in json.loads(text_of(done))["stages"]]


def test_seeded_weights_go_from_the_text_to_the_attention_output(attn: Run) -> None:
    names = stage_names(attn("explain", SENTENCE, *SEEDED, "--json"))
    attention = ["input", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "output"]
    embedding = ["embed.tokens", "embed.positions", "embed"]
    assert names == embedding + [f"layers.0.attn.{name}" for name in attention]


def test_every_stage_of_the_design_is_there(attn: Run) -> None:
    done = attn(
        "explain", SENTENCE, "--layer", "all", "--stage", "all", "--seed", "0", "--positions", "alibi", "--json"
    )
    names = stage_names(done)
    attention = ["input", "q", "k", "v", "scores", "scaled", "biased", "masked", "weights", "mixed", "output"]
    feed_forward = ["input", "hidden", "activated", "output"]
    layer = [f"attn.{n}" for n in attention] + ["resid.mid"] + [f"mlp.{n}" for n in feed_forward] + ["resid.out"]
    layers = [f"layers.{i}.{name}" for i in (0, 1) for name in layer]
    assert names == ["embed.tokens", "embed", *layers, "final", "logits", "probs"]


def test_tables_carry_symbol_formula_axes_and_labels(attn: Run) -> None:
    text = text_of(attn("explain", SENTENCE, *SEEDED))
    for piece in ("S = Q Kᵀ", "[query 6 × key 6]", "√d_k = 2", "A = softmax(M)", "-inf", "Σ", "5 mat", "Z = A V"):
        assert piece in text


def test_rows_of_a_table_are_checkable_by_hand(attn: Run) -> None:
    """The numbers in the table of scores are the dot products of those in the tables of Q and K."""
    document = json.loads(text_of(attn("explain", SENTENCE, *SEEDED, "--json")))
    stages = {s["name"].split(".")[-1]: np.array(s["values"], float) for s in document["stages"]}
    scores = stages["q"] @ stages["k"].swapaxes(-1, -2)
    np.testing.assert_allclose(stages["scores"], scores, atol=1e-5)
    np.testing.assert_allclose(stages["scaled"], scores / 2, atol=1e-5)
    allowed = np.exp(np.where(np.isnan(stages["masked"]), -np.inf, stages["scaled"]))
    np.testing.assert_allclose(stages["weights"], allowed / allowed.sum(-1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(stages["mixed"], stages["weights"] @ stages["v"], atol=1e-5)


@pytest.mark.parametrize("source", ["-", "--file"])
def test_text_comes_from_standard_input_or_a_file(attn: Run, tmp_path: Path, source: str) -> None:
    (tmp_path / "text").write_text(SENTENCE + "\n")
    arguments = ["-"] if source == "-" else ["--file", "text"]
    done = attn("explain", *arguments, "--json", stdin=(SENTENCE + "\n").encode())
    assert text_of(done) == text_of(attn("explain", SENTENCE, "--json"))


def test_ids_are_taken_as_they_are(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    by_text = json.loads(text_of(attn("explain", "the cat sat", "-m", "m", "--json")))
    by_ids = json.loads(text_of(attn("explain", "--ids", "1,2,3", "-m", "m", "--json")))
    assert by_ids["stages"] == by_text["stages"]
    assert by_ids["text"] is None
    assert [t["text"] for t in by_ids["tokens"]] == ["the", "cat", "sat"]


@pytest.mark.parametrize(
    ("layer", "shown"), [("0", {0}), ("-1", {3}), ("0,2-3", {0, 2, 3}), ("all", {0, 1, 2, 3}), ("-2", {2})]
)
def test_layers_are_chosen_by_number_range_or_all(attn: Run, layer: str, shown: set[int]) -> None:
    done = attn(
        "explain", SENTENCE, "-m", "seeded", "--layers", "4", "--layer", layer, "--stage", "weights", "--json"
    )
    assert {s["layer"] for s in json.loads(text_of(done))["stages"]} == shown


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("weights", ["layers.0.attn.weights"]),
        ("attn.q*", ["layers.0.attn.q", "layers.0.attn.q_rotated"]),
        ("layers.*.attn.weights", ["layers.0.attn.weights", "layers.1.attn.weights"]),
        ("layers.1.attn.q", ["layers.1.attn.q"]),
        ("blocks.0.attn.hook_pattern", ["layers.0.attn.weights"]),
        ("blocks.1.hook_resid_pre", ["layers.0.resid.out"]),
        ("blocks.0.hook_resid_pre", ["embed"]),
        ("hook_embed", ["embed.tokens"]),
        ("blocks.0.attn.hook_rot_q", ["layers.0.attn.q_rotated"]),
        ("blocks.1.mlp.hook_pre", ["layers.1.mlp.hidden"]),
        ("heads", ["layers.0.attn.heads"]),
        ("probs", ["probs"]),
    ],
)
def test_stages_are_chosen_by_name_glob_or_the_names_of_transformer_lens(
    attn: Run, pattern: str, names: list[str]
) -> None:
    done = attn("explain", SENTENCE, "--seed", "0", "--positions", "rotary", "--stage", pattern, "--json")
    assert stage_names(done) == names


@pytest.mark.parametrize("query", ["cat", "1", "-5"])
def test_a_query_shows_one_row(attn: Run, query: str) -> None:
    stages = ("--stage", "*embed*", "--stage", "attn.*", "--json")
    whole = json.loads(text_of(attn("explain", SENTENCE, *SEEDED, *stages)))
    row = json.loads(text_of(attn("explain", SENTENCE, *SEEDED, "--query", query, *stages)))
    for all_rows, one in zip(whole["stages"], row["stages"], strict=True):
        expected = np.array(all_rows["values"], float)
        if one["axes"][0] != "kv_head":
            assert one["rows"] == [1]
            expected = expected.take([1], axis=-2)
        np.testing.assert_allclose(np.array(one["values"], float), expected, atol=1e-5)


def test_an_ambiguous_query_asks_for_the_index(attn: Run) -> None:
    said = error_of(attn("explain", "the cat and the dog", *SEEDED, "--query", "the"), 2)
    assert "0, 3" in said


def test_top_keeps_the_likeliest_words(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    done = attn("explain", "the cat", "-m", "m", "--stage", "probs", "--top", "3", "--query", "-1", "--json")
    (top,) = json.loads(text_of(done))["stages"]
    done = attn("explain", "the cat", "-m", "m", "--stage", "probs", "--top", "all", "--query", "-1", "--json")
    (every,) = json.loads(text_of(done))["stages"]
    assert top["shape"] == [1, 3]
    assert every["shape"] == [1, 20]
    assert top["values"][0] == sorted(every["values"][0], reverse=True)[:3]
    assert [every["values"][0][i] for i in top["ids"][0]] == top["values"][0]
    assert sum(every["values"][0]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize(
    "sentence", [SENTENCE * 4, "猫がマットの上に座った。👍 e\u0301 \u200b ½" * 2, "a\tb\nc  d"]
)
def test_tables_fit_the_terminal_and_line_up(attn: Run, width: int, sentence: str) -> None:
    """Every line of a table is equally wide, and none is wider than the terminal."""
    text = text_of(attn("explain", sentence, "--seed", "0", "--tokenizer", "chars", COLUMNS=str(width)))
    for line in text.splitlines():
        assert cell_len(line) <= width, line
    tables = framed_table_widths(text)
    assert tables
    assert all(len(widths) == 1 for widths in tables)


def test_what_is_left_out_is_counted_and_full_shows_it(attn: Run) -> None:
    arguments = ("explain", " ".join(f"w{i}" for i in range(60)), *SEEDED, "--stage", "weights")
    short, full = text_of(attn(*arguments)), text_of(attn(*arguments, "--full"))
    assert " of 60 keys, those with the most weight; --full shows all\n" in short
    assert "⋮ 20" in short
    assert "⋯" not in full
    assert "most weight" not in full
    assert all(f"{i} w{i} " in full for i in range(60))


def test_exact_zeros_are_told_from_small_numbers_once(attn: Run) -> None:
    legend = "0: exactly zero, as for a masked key. 0.00…: above zero, but rounds to it."
    arguments = ("explain", "a b c", *SEEDED, "--stage", "weights")
    for format_ in ("table", "md", "html", "svg"):
        shown = text_of(attn(*arguments, "--layer", "all", "--head", "all", "--format", format_))
        assert shown.count("exactly zero") == 1
    assert text_of(attn(*arguments)).splitlines()[-1] == legend
    assert "exactly" not in text_of(attn(*arguments, "--bidirectional"))
    assert "exactly" not in text_of(attn(*arguments[:-1], "scores"))


@pytest.mark.parametrize("columns", ["0", "-5", "wide", "²", "99999999999999999999"])
def test_a_width_that_is_none_counts_for_nothing(attn: Run, columns: str) -> None:
    plain = text_of(attn("explain", "a b c", *SEEDED))
    assert text_of(attn("explain", "a b c", *SEEDED, COLUMNS=columns, LINES="0")) == plain


def test_invisible_tokens_can_be_told_apart(attn: Run) -> None:
    text = text_of(attn("explain", "a b\tc\nd\u00a0e", "--seed", "0", "--tokenizer", "chars", "--stage", "embed"))
    for shown in ("1 ␣", "3 ␉", "5 ␊", "7 \\u00a0"):
        assert shown in text


def test_the_same_command_prints_the_same_twice(attn: Run) -> None:
    for seed in ((), SEEDED):
        assert text_of(attn("explain", SENTENCE, *seed)) == text_of(attn("explain", SENTENCE, *seed))
    assert text_of(attn("explain", SENTENCE, *SEEDED)) != text_of(attn("explain", SENTENCE, "--seed", "1"))


def test_shape_options_shape_the_model(attn: Run) -> None:
    done = attn(
        "explain", SENTENCE, "--seed", "0", "--d-model", "24", "--layers", "3",
        "--heads", "6", "--kv-heads", "2", "--d-ff", "7",
        "--positions", "rotary", "--bidirectional", "--stage", "all", "--layer", "-1", "--head", "all", "--json",
    )  # fmt: skip
    document = json.loads(text_of(done))
    shapes = {s["name"]: s["shape"] for s in document["stages"]}
    assert shapes["layers.2.attn.q"] == [6, 6, 4]
    assert shapes["layers.2.attn.k"] == [2, 6, 4]
    assert shapes["layers.2.mlp.hidden"] == [6, 7]
    assert document["model"]["causal"] is False
    (weights,) = [s["values"] for s in document["stages"] if s["name"] == "layers.2.attn.weights"]
    assert np.array(weights).min() > 0


def test_one_layer_of_ones_own_gives_the_answer_worked_by_hand(attn: Run) -> None:
    """samples/exercise.npz, as samples/exercise.md works it out."""
    exercise = Path(__file__).parent.parent.parent / "samples" / "exercise.npz"
    done = attn("explain", "one two three", "-m", str(exercise), "--json")
    stages = {s["name"].split(".")[-1]: np.array(s["values"]) for s in json.loads(text_of(done))["stages"]}
    assert stages["scores"].tolist() == [[[0, 2, 2], [2, 0, 2], [2, 2, 4]]]
    assert stages["scaled"].tolist() == [[[0, 1, 1], [1, 0, 1], [1, 1, 2]]]
    e = np.e
    low, high = 1 / (1 + 2 * e), e / (1 + 2 * e)
    weights = np.array([[low, high, high], [high, low, high], [1 / (2 + e), 1 / (2 + e), e / (2 + e)]])
    np.testing.assert_allclose(stages["weights"][0], weights, atol=1e-6)
    np.testing.assert_allclose(stages["output"], weights @ [[1, 0], [0, 1], [1, 1]], atol=1e-6)


def test_one_layer_may_come_as_safetensors_with_several_heads_and_biases(attn: Run, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(1)
    shapes = {
        "w_q": (5, 6),
        "w_k": (5, 2),
        "w_v": (5, 3),
        "w_o": (9, 4),
        "b_q": (6,),
        "b_o": (4,),
        "embedding": (3, 5),
    }
    layer = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(layer, tmp_path / "layer.safetensors")
    done = attn("explain", "--ids", "0,1,2", "-m", "layer.safetensors", "--heads", "3", "--head", "all", "--json")
    stages = {s["name"].split(".")[-1]: np.array(s["values"]) for s in json.loads(text_of(done))["stages"]}
    x = layer["embedding"]
    q = (x @ layer["w_q"] + layer["b_q"]).reshape(3, 3, 2).swapaxes(0, 1)
    scores = q @ (x @ layer["w_k"]).T / np.sqrt(2)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    mixed = (weights @ (x @ layer["w_v"])).swapaxes(0, 1).reshape(3, 9)
    np.testing.assert_allclose(stages["weights"], weights, atol=1e-5)
    np.testing.assert_allclose(stages["output"], mixed @ layer["w_o"] + layer["b_o"], atol=1e-4)


def test_layers_are_counted_from_the_end_in_python_too() -> None:
    assert list(attncli.trace("a b", model=attncli.load_model(seed=0), stages=["weights"], layers=[-1])) == [
        "layers.1.attn.weights"
    ]
    with pytest.raises(attncli.UsageError, match="layer 2 is out of range"):
        attncli.trace("a b", model=attncli.load_model(seed=0), stages=["weights"], layers=[2])
