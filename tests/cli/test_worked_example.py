"""`attn explain --query TOKEN` as a user runs it: which token, which attention, how many keys, how wide."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from rich.cells import cell_len
from safetensors.numpy import load_file, save_file

import attncli
from tests.conftest import Run, error_of, text_of
from tests.support.documents import schema, strictly
from tests.support.printed import PRODUCT, SUM, framed_table_widths, sections

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = "The cat sat on the mat"
SEEDED = ("--seed", "0")
ENCODER_DECODER = ("the cat sat on the mat", "--target", "the mat sat", "-m", str(GOLDEN / "t5-text"))


def document(attn: Run, *arguments: str) -> Any:
    return strictly(text_of(attn("explain", *arguments, "--json")))


# ------------------------------------------------------------------ what is asked for


@pytest.mark.parametrize("query", ["cat", "1", "-5"])
def test_one_token_by_text_or_index_is_followed(attn: Run, query: str) -> None:
    text = text_of(attn("explain", SENTENCE, *SEEDED, "--query", query))
    assert "layers.0.attn · head 0 · query 1 cat" in text.splitlines()
    formulas = [section.formula.split("   ")[0] for section in sections(text)]
    starts = ["Q = N W_Q", "K = N W_K", "S = Q Kᵀ", "S' = S / √d_k", "A = softmax(M)", "A ‖v‖", "Z = A V", "z"]
    assert formulas == starts


@pytest.mark.parametrize(
    "arguments",
    [("--query", "0,2-3"), ("--query", "cat", "--stage", "weights"), ("--query", "cat", "--stage", "all")],
)
def test_several_tokens_or_stages_that_are_named_are_rows(attn: Run, arguments: tuple[str, ...]) -> None:
    made = document(attn, SENTENCE, *SEEDED, *arguments)
    assert made["schema"] == "attn.trace/1"
    rows = [stage["rows"] for stage in made["stages"] if "query" in stage["axes"]]
    assert rows
    assert all(row == ([1] if "cat" in arguments else [0, 2, 3]) for row in rows)


@pytest.mark.parametrize("format_", ["csv", "ndjson", "npz", "safetensors"])
def test_other_formats_have_rows_of_stages(attn: Run, tmp_path: Path, format_: str) -> None:
    text_of(attn("explain", SENTENCE, *SEEDED, "--query", "cat", "-o", f"out.{format_}"))
    if format_ in ("csv", "ndjson"):
        assert "layers.0.attn.weights" in (tmp_path / f"out.{format_}").read_text()
    else:
        assert attncli.Trace.load(tmp_path / f"out.{format_}")["layers.0.attn.weights"].rows == (1,)


def test_an_ambiguous_token_is_asked_for_by_its_index(attn: Run) -> None:
    assert "0, 3" in error_of(attn("explain", "the cat and the dog", *SEEDED, "--query", "the"), 2)


def test_layers_and_heads_are_followed_one_after_the_other(attn: Run) -> None:
    which = ("--query", "-1", "--layer", "all", "--head", "all")
    made = document(attn, SENTENCE, *SEEDED, *which)
    assert [(e["layer"], e["head"]) for e in made["examples"]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    lines = text_of(attn("explain", SENTENCE, *SEEDED, *which)).splitlines()
    titles = [f"layers.{layer}.attn · head {head} · query 5 mat" for layer in (0, 1) for head in (0, 1)]
    assert [line for line in lines if line.startswith("layers.")] == titles


def test_a_layer_of_ones_own_is_followed_to_the_answer_worked_by_hand(attn: Run) -> None:
    """The exercise in samples/: of the first word q is [2, 0], the keys are [0, 1], [1, 0] and [1, 1]."""
    exercise = str(Path(__file__).parent.parent.parent / "samples" / "exercise.npz")
    (row,) = document(attn, "one two three", "-m", exercise, "--query", "one")["examples"]
    assert row["q"]["values"] == [2, 0, 0, 0]
    assert [key["products"] for key in row["keys"]] == [[0, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0]]
    assert [key["scaled"] for key in row["keys"]] == [0, 1, 1]
    assert (row["max"], row["max_key"]) == (1, 1)
    assert row["sum"] == pytest.approx(np.exp(-1) + 2)
    low, high = 1 / (1 + 2 * np.e), np.e / (1 + 2 * np.e)
    assert [key["weight"] for key in row["keys"]] == pytest.approx([low, high, high])
    assert row["mixed"]["values"] == pytest.approx([low + high, 2 * high])


# ------------------------------------------------------------------ an encoder with a decoder


@pytest.mark.parametrize(
    ("attention", "at", "query", "keys"),
    [
        ((), "decoder.layers.0.attn", 2, ["<pad>", "the", "mat", "sat"]),
        (("--attention", "self"), "decoder.layers.0.attn", 2, ["<pad>", "the", "mat", "sat"]),
        (("--attention", "cross"), "decoder.layers.0.cross", 2, ["the", "cat", "sat", "on", "the", "mat", "</s>"]),
        (
            ("--attention", "encoder"),
            "encoder.layers.0.attn",
            5,
            ["the", "cat", "sat", "on", "the", "mat", "</s>"],
        ),
    ],
)
def test_each_attention_has_the_tokens_of_its_sides(
    attn: Run, attention: tuple[str, ...], at: str, query: int, keys: list[str]
) -> None:
    (row,) = document(attn, *ENCODER_DECODER, "--query", "mat", *attention)["examples"]
    assert row["attention"] == at
    assert row["query"] == {"index": query, "text": "mat"}
    assert [key["text"] for key in row["keys"]] == keys
    trace = attncli.trace(ENCODER_DECODER[0], target=ENCODER_DECODER[2], model=ENCODER_DECODER[4])
    expected = trace[f"{at}.weights"].values[0, query]
    np.testing.assert_allclose([key["weight"] for key in row["keys"]], expected, atol=1e-6)


def test_a_token_of_the_other_side_is_told_where_to_find(attn: Run) -> None:
    assert "--attention encoder" in error_of(attn("explain", *ENCODER_DECODER, "--query", "cat"), 2)
    cross = ("--query", "mat", "--attention", "cross", "--key")
    assert "key 1 cat" in text_of(attn("explain", *ENCODER_DECODER, *cross, "cat"))
    assert "0, 4 of the source" in error_of(attn("explain", *ENCODER_DECODER, *cross, "the"), 2)
    said = error_of(
        attn("explain", *ENCODER_DECODER, "--query", "mat", "--attention", "encoder", "--layer", "2"), 2
    )
    assert "the encoder has 2 layers" in said


# ------------------------------------------------------------------ how much


def test_long_texts_show_the_keys_of_the_largest_weights(attn: Run) -> None:
    words = " ".join(f"w{i}" for i in range(60))

    def keys(*arguments: str) -> tuple[list[str], list[str]]:
        softmax = sections(text_of(attn("explain", words, *SEEDED, "--query", "40", *arguments, COLUMNS="200")))[4]
        labels = list(softmax.table())
        return [x for x in labels if " w" in x], [x for x in labels if " w" not in x]

    weights = attncli.trace(words, model=attncli.load_model(seed=0), stages=["weights"])
    largest = np.argsort(-weights["layers.0.attn.weights"].values[0, 40])[:12]
    assert keys() == ([f"{i} w{i}" for i in sorted(largest)], ["29 others", "19 masked", "Σ"])
    assert keys("--top", "2")[1] == ["39 others", "19 masked", "Σ"]
    assert keys("--top", "40")[1] == ["1 other", "19 masked", "Σ"]
    for everything in (("--top", "all"), ("--full",)):
        assert keys(*everything) == ([f"{i} w{i}" for i in range(60)], ["Σ"])
    made = document(attn, words, *SEEDED, "--query", "40", "--top", "2")["examples"][0]
    assert [key["index"] for key in made["keys"]] == sorted(largest[:2])
    assert (made["others"]["count"], made["others"]["masked"]) == (39, 19)


@pytest.mark.parametrize("width", ["40", "60", "80", "120"])
@pytest.mark.parametrize(
    ("model", "d_k"),
    [
        ((), 32),
        (SEEDED, 4),
        ((*SEEDED, "--d-model", "10"), 5),
        ((*SEEDED, "--d-model", "160", "--heads", "1"), 160),
    ],
)
def test_each_product_can_be_redone_from_what_stands_above(
    attn: Run, model: tuple[str, ...], d_k: int, width: str
) -> None:
    model = (*model, "--positions", "none") if model else ()
    text = text_of(attn("explain", SENTENCE, *model, "--query", "cat", COLUMNS=width))
    query, keys, scores, *_ = sections(text)
    q, k = query.vector(), keys.vectors()
    assert k.keys() == scores.products().keys()
    for label, line in scores.products().items():
        products, ((count, _, _),) = PRODUCT.findall(line), SUM.findall(PRODUCT.sub("", line))
        assert len(products) + int(count or 0) == d_k
        assert len(products) >= min(3, d_k)
        assert d_k > 4 or count == ""
        assert all((left, right) == (q[int(i)], k[label][int(i)]) for i, left, right, _ in products)
    assert not re.search(r"(?<!\d)1 more", text)
    query, key, neurons, *_ = sections(text_of(attn("explain", SENTENCE, *model, "--query", "cat", "--key", "0")))
    q, k_of_key = query.vector(), key.vector()
    rows = {i: cells for i, cells in neurons.table().items() if i.isdecimal()}
    assert len(rows) == min(d_k, 64)
    assert all((cells["q_i"], cells["k_i"]) == (q[int(i)], k_of_key[int(i)]) for i, cells in rows.items())


@pytest.mark.parametrize(("words", "query", "folded"), [
    (12, "-1", []), (13, "-1", []), (14, "-1", ["2 others"]), (14, "12", []), (20, "18", ["7 others"]),
])  # fmt: skip
def test_no_key_is_left_out_alone(attn: Run, words: int, query: str, folded: list[str]) -> None:
    text = " ".join(f"w{i}" for i in range(words))
    softmax = sections(text_of(attn("explain", text, *SEEDED, "--query", query)))[4].table()
    assert [label for label in softmax if " w" not in label] == [*folded, "Σ"]


def test_full_writes_out_every_product_and_number(attn: Run) -> None:
    arguments = ("explain", "a b c", *SEEDED, "--d-model", "160", "--heads", "1", "--query", "c")
    short, full = (sections(text_of(attn(*arguments, *more, COLUMNS="150"))) for more in ((), ("--full",)))
    assert any("⋯" in line for _, line in short[0].rows)
    assert list(full[0].vector()) == list(range(160))
    assert all(list(vector) == list(range(160)) for vector in full[1].vectors().values())
    for line in full[2].products().values():
        assert sorted(int(i) for i, *_ in PRODUCT.findall(line)) == list(range(160))


def test_a_pair_shows_its_largest_products(attn: Run) -> None:
    arguments = ("explain", "a b c", *SEEDED, "--d-model", "160", "--heads", "1", "--query", "c", "--key", "b")

    def labels(*more: str) -> list[str]:
        return list(sections(text_of(attn(*arguments, *more)))[2].table())

    assert labels()[-2:] == ["96 others", "S"]
    assert len(labels()) == 66
    assert labels("--top", "5")[-2:] == ["155 others", "S"]
    for everything in (("--top", "all"), ("--full",)):
        assert sorted(labels(*everything)[:-1], key=int) == [str(i) for i in range(160)]


# ------------------------------------------------------------------ formats


@pytest.mark.parametrize("key", [(), ("--key", "1")])
@pytest.mark.parametrize(
    "case", ["gpt-oss-yarn", "gemma2-tied", "deberta-v2-own-keys", "deepseek-v3-groups", "bloom-untied", "t5-text"]
)
def test_json_is_valid_by_the_schema_and_says_what_the_stages_say(
    attn: Run, case: str, key: tuple[str, ...]
) -> None:
    target = ("--target-ids", "0,3,4") if case.startswith("t5") else ()
    asked = ("--ids", "1,2,3,4,5", "-m", str(GOLDEN / case), *target, "--head", "all", "--layer", "all")
    made = document(attn, *asked, "--query", "2", *key)
    jsonschema.validate(made, schema(attn, "worked"))
    stages = {s["name"]: s for s in document(attn, *asked, "--query", "2", "--stage", "all")["stages"]}
    assert made["tokens"][2]["index"] == 2
    for row in made["examples"]:
        assert len(row["keys"]) == (1 if key else len(made.get("target", made)["tokens"]))
        for one in row["keys"]:
            for name in ("scores", "scaled", "masked", "biased", "capped"):
                if (full := f"{row['attention']}.{name}") in stages:
                    assert one[name] == stages[full]["values"][row["head"]][0][one["index"]]
        assert row["mixed"]["values"] == stages[f"{row['attention']}.mixed"]["values"][row["head"]][0]


@pytest.mark.parametrize(("key", "sheets"), [((), slice(3, 7)), (("--key", "sat"), slice(2, 3))])
def test_markdown_has_the_same_numbers_as_the_table(attn: Run, key: tuple[str, ...], sheets: slice) -> None:
    arguments = ("explain", SENTENCE, *SEEDED, "--d-model", "12", "--query", "mat", "--top", "2", *key)
    markdown = text_of(attn(*arguments, "--format", "md")).replace("\\", "").replace("*", "")
    rows = [[cell for cell in line.split(" | ") if cell] for line in markdown.splitlines() if line.startswith("|")]
    counts = {line.count("|") for line in markdown.splitlines() if line.startswith("|")}
    assert counts <= set(range(3, 17))
    table = sections(text_of(attn(*arguments, COLUMNS="200")))
    assert all(f"`{section.formula.split('   ')[0]}`" in markdown for section in table)
    for section in table[sheets]:
        for label, cells in section.table().items():
            same = [row for row in rows if row[0] == f"| {label}"]
            assert [*cells.values()] in [[cell.rstrip(" |") for cell in row[1 : 1 + len(cells)]] for row in same]


def test_markdown_shows_invisible_tokens_once_made_visible(attn: Run) -> None:
    arguments = ("explain", "a b", *SEEDED, "--tokenizer", "chars", "--format", "md")
    for more in (("--query", "1"), ("--stage", "weights")):
        text = text_of(attn(*arguments, *more))
        assert "1 ␣" in text
        assert "u2423" not in text


# ------------------------------------------------------------------ how it looks


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("key", [(), ("--key", "2")])
@pytest.mark.parametrize("sentence", [SENTENCE * 4, "猫がマットの上に座った。👍 e\u0301 \u200b ½", "a\tb\nc  d"])
def test_tables_fit_the_terminal_and_line_up(attn: Run, width: int, key: tuple[str, ...], sentence: str) -> None:
    """Every line of a table is equally wide, and none is wider than the terminal."""
    model = (*SEEDED, "--tokenizer", "chars", "--d-model", "128", "--positions", "alibi")
    text = text_of(attn("explain", sentence, *model, "--query", "3", *key, COLUMNS=str(width)))
    for line in text.splitlines():
        assert cell_len(line) <= width, line
    tables = framed_table_widths(text)
    assert len(tables) >= (5 if key else 8)
    assert all(len(widths) == 1 for widths in tables)


@pytest.mark.parametrize("width", ["40", "80"])
def test_weights_have_bars_and_products_their_sign(attn: Run, width: str) -> None:
    command = ("explain", SENTENCE, *SEEDED, "--d-model", "32", "--query", "mat")
    text = text_of(attn(*command, COLUMNS=width))
    softmax = text[text.index("A = softmax") : text.index("A ‖v‖")]
    assert "█" in softmax
    assert set(softmax) & set("▏▎▍▌▋▊▉")
    neurons = sections(text_of(attn(*command, "--key", "cat", COLUMNS=width)))[2]
    products, signs = [cells["q_i k_i"] for cells in neurons.table().values() if "q_i" in cells], []
    for product, (_, line) in zip(products, neurons.rows[1:-1], strict=True):
        bar = re.search("([+-])[█▏▎▍▌▋▊▉]* *$", line)
        assert bar is not None
        assert bar[1] == product[0]
        signs.append(bar[1])
    assert set(signs) == {"+", "-"}


def test_colours_are_of_the_sixteen_and_there_are_none_without(attn: Run) -> None:
    command = ("explain", SENTENCE, *SEEDED, "--query", "mat")
    plain, coloured = text_of(attn(*command)), text_of(attn(*command, FORCE_COLOR="1", TERM="xterm", COLORTERM=""))
    assert "\x1b" not in plain
    assert "\x1b[31m" in coloured  # a negative product
    assert "\x1b[38;" not in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


# ------------------------------------------------------------------ numbers that are broken


def test_broken_numbers_are_shown_and_warned_of(attn: Run, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "llama-tied", tmp_path / "m")
    weights = load_file(tmp_path / "m" / "model.safetensors")
    name = next(name for name in weights if name.endswith("layers.0.self_attn.k_proj.weight"))
    weights[name][:, 0] = np.nan
    save_file(weights, tmp_path / "m" / "model.safetensors")
    for more in ((), ("--key", "0"), ("--json",), ("--format", "md")):
        done = attn("explain", "--ids", "1,2,3", "-m", "m", "--query", "2", *more)
        assert done.returncode == 0
        assert "NaN or infinite" in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
        assert ("null" if more == ("--json",) else "nan") in done.stdout.decode()
        if more == ("--json",):
            jsonschema.validate(strictly(done.stdout.decode()), schema(attn, "worked"))
