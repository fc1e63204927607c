"""`attn map`, and the maps of `attn pe`, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

import attncli
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import write_gpt2
from tests.support.documents import document

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = "The cat sat on the mat and the cat sat"
T5 = ("-m", str(GOLDEN / "t5-text"), "--target", "the mat sat")
TERMINALS = {
    "truecolor": {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    "256": {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": ""},
    "sixteen": {"FORCE_COLOR": "1", "TERM": "xterm", "COLORTERM": ""},
    "none": {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"},
}
CODES = {"truecolor": "[34]8;2;", "256": "[34]8;5;", "sixteen": "0;[0-9;]*[349][346]m", "none": None}
SVG = "{http://www.w3.org/2000/svg}"


def plain(text: str) -> str:
    """Without colors."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


# ------------------------------------------------------------------ the terminal


def test_one_head_is_a_large_map_with_its_tokens_along_both_sides(attn: Run) -> None:
    lines = text_of(attn("map", "The cat sat", "--seed", "0", "--layer", "0", "--head", "0")).splitlines()
    assert "layers.0.attn.weights · head 0  [query 3 × key 3]" in lines
    assert "      The   cat   sat" in lines
    weights = attncli.trace("The cat sat", model=attncli.load_model(seed=0), stages=["weights"])
    values = weights["layers.0.attn.weights"].values[0]
    rows = {line[2:5]: line for line in lines if re.match(r"[012] (The|cat|sat)", line)}
    assert list(rows) == ["The", "cat", "sat"]
    for query, line in enumerate(rows.values()):
        for key in range(query + 1):
            shade = " ░▒▓█"[min(int(values[query, key] / values.max() * 5), 4)] * 2
            number = f"{values[query, key]:.2f}".replace("1.00", "1.0").removeprefix("0")
            assert line.ljust(24)[6 + 6 * key : 12 + 6 * key] == f"{shade}{number} "
        assert len(line) <= 12 + 6 * query  # nothing where keys are masked


def test_a_model_is_a_grid_of_its_heads_a_row_a_layer(attn: Run) -> None:
    text = text_of(attn("map", SENTENCE, "--seed", "0", "--layers", "3"))
    titles = [line.split() for line in text.splitlines() if re.match(r"\d\.\d", line)]
    assert titles == [["0.0", "0.1"], ["1.0", "1.1"], ["2.0", "2.1"]]
    assert "layers.*.attn.weights  [query 10 × key 10]" in text
    assert "blank: masked, the query cannot attend to the key" in text


def test_layers_and_heads_are_chosen(attn: Run) -> None:
    made = document(attn, "map", SENTENCE, "--seed", "0", "--heads", "4", "--layer", "-1", "--head", "0,2-3")
    (section,) = made["sections"]
    assert section["name"] == "layers.1.attn.weights"
    assert [(one["layer"], one["head"]) for one in section["maps"]] == [(1, 0), (1, 2), (1, 3)]


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("sentence", [SENTENCE, "猫がマットに座った。犬も座った。" * 3])
def test_maps_fit_every_window_in_all_colours_and_in_none(
    attn: Run, width: int, terminal: str, sentence: str
) -> None:
    environment = {"COLUMNS": str(width), "LINES": "40", **TERMINALS[terminal]}
    options = ("--tokenizer", "chars", "--seed", "0") if "猫" in sentence else ("--seed", "0")
    for more in ((), ("--layer", "0", "--head", "1", "--stage", "scores")):
        text = text_of(attn("map", sentence, *options, *more, **environment))
        lines = plain(text).splitlines()
        assert max(map(cell_len, lines)) <= width
        code = CODES[terminal]
        if code is None:
            assert not re.search("\x1b\\[[0-9;]*[34]8;|\x1b\\[[0-9;]*;?[349][0-7]m", text)
            assert "█" in text
        else:
            assert re.search(code, text)


def test_colours_are_those_of_the_scale(attn: Run) -> None:
    text = text_of(attn("map", "a b", "--seed", "0", "--layer", "0", "--head", "0", **TERMINALS["truecolor"]))
    from attncli.render.page.colors import scale

    r, g, b = scale(255, False)[-1]
    # the first token can only look at itself; black can be read on yellow
    assert f"\x1b[0;38;2;0;0;0;48;2;{r};{g};{b}m 1.0  " in text


def test_a_pipe_gets_no_colours(attn: Run) -> None:
    assert "\x1b" not in text_of(attn("map", SENTENCE, "--seed", "0"))


def test_a_terminal_without_blocks_gets_other_shades(attn: Run) -> None:
    text = text_of(attn("map", SENTENCE, "--seed", "0", "--layer", "0", "--head", "0", PYTHONIOENCODING="ascii"))
    assert "##" in text
    assert "\\u2588" not in text


def test_scores_below_zero_have_a_scale_with_two_sides(attn: Run) -> None:
    made = document(attn, "map", SENTENCE, "--seed", "0", "--stage", "scores")
    (section,) = made["sections"]
    low, high = section["limits"]
    assert low == -high < 0
    assert all(one["scores"] is None for one in section["maps"])
    assert None not in section["maps"][0]["values"][0]  # there is a score before the mask
    text = text_of(attn("map", SENTENCE, "--seed", "0", "--stage", "scores"))
    assert {"≡", "="} & set(text)


def test_what_is_masked_is_not_zero(attn: Run) -> None:
    for stage in ("masked", "weights"):
        made = document(attn, "map", SENTENCE, "--seed", "0", "--stage", stage, "--layer", "0", "--head", "0")
        values = made["sections"][0]["maps"][0]["values"]
        assert [sum(v is None for v in row) for row in values] == list(range(9, -1, -1))
    bidirectional = text_of(attn("map", SENTENCE, "--seed", "0", "--bidirectional", "--layer", "0", "--head", "0"))
    assert "masked" not in bidirectional


# ------------------------------------------------------------------ long texts


LONG = " ".join(f"w{i % 7}" for i in range(300))


def test_long_texts_are_pooled_and_say_so(attn: Run) -> None:
    text = text_of(attn("map", LONG, "--seed", "0", "--layer", "0", "--head", "0", COLUMNS="60"))
    assert "pooled: each cell is the largest of " in text
    assert max(map(cell_len, text.splitlines())) <= 60
    mean = text_of(attn("map", LONG, "--seed", "0", "--layer", "0", "--head", "0", "--pool", "mean"))
    assert "pooled: each cell is the mean of " in mean
    assert "pooled" not in text_of(attn("map", LONG, "--seed", "0", "--layer", "0", "--head", "0", "--full"))


def test_a_window_that_is_low_pools_more_rows(attn: Run) -> None:
    def rows(lines: str) -> int:
        said = plain(text_of(attn("map", LONG, "--seed", "0", "--layer", "0", "--head", "0", LINES=lines,
                                  COLUMNS="100", **TERMINALS["truecolor"])))  # fmt: skip
        cells = [line for line in said.splitlines() if re.match(r"( *\d+){2} ", line)]
        assert 8 <= len(cells) < int(lines) - 9  # what is above the map, and its scale, fit too
        found = re.search(r"of (\d+) × (\d+) numbers", said)
        assert found is not None
        return int(found[1])

    assert rows("30") > rows("60")


def test_ranges_of_queries_and_keys_zoom_in(attn: Run) -> None:
    everything = document(attn, "map", LONG, "--seed", "0", "--layer", "1", "--head", "1", "--full")
    part = document(
        attn, "map", LONG, "--seed", "0", "--layer", "1", "--head", "1", "--query", "290-299", "--key", "0,280-299"
    )
    section = part["sections"][0]
    assert section["pool"] is None
    assert section["rows"]["indices"] == list(range(290, 300))
    assert section["columns"]["indices"] == [0, *range(280, 300)]
    whole = np.array(everything["sections"][0]["maps"][0]["values"], float)
    np.testing.assert_allclose(
        np.array(section["maps"][0]["values"], float),
        whole[290:][:, [0, *range(280, 300)]],
        atol=1e-6,
    )
    text = text_of(attn("map", LONG, "--seed", "0", "--layer", "1", "--head", "1", "--query", "290-299"))
    assert "[query 10 × key 300]" in text
    assert "291 w4" in text


def test_pooled_json_says_what_its_cells_are(attn: Run) -> None:
    made = document(attn, "map", LONG, "--seed", "0")
    section = made["sections"][0]
    assert section["pool"] == "max"
    size = section["rows"]["step"]
    assert size == section["columns"]["step"] == 5  # at most 64 cells a side
    full = document(attn, "map", LONG, "--seed", "0", "--full")["sections"][0]
    assert full["pool"] is None
    for one, other in zip(section["maps"], full["maps"], strict=True):
        assert one["scores"] == other["scores"]
        corner = np.array([row[:size] for row in other["values"][10:15]], float)
        assert one["values"][2][0] == pytest.approx(corner.max())


# ------------------------------------------------------------------ what heads do


def test_heads_are_marked_by_what_they_do(attn: Run) -> None:
    text = text_of(attn("map", "the cat sat on the mat", *T5))
    assert "2.2 previous" in text
    assert re.search(r"^first +2\.0 0\.\d\d +attends to the first token$", text, re.MULTILINE)
    assert "A head is labelled when" in text
    alone = text_of(
        attn("map", "the cat sat on the mat", *T5, "--stage", "decoder.layers.2.attn.weights", "--head", "2")
    )
    assert "decoder.layers.2.attn.weights · head 2 · attends to the previous token (0.68)" in alone


def test_the_scores_are_those_of_the_heads(attn: Run) -> None:
    from attncli.insights.patterns import PATTERNS, score

    made = document(attn, "map", SENTENCE, "--seed", "0")
    ids = [token["id"] for token in made["tokens"]]
    trace = attncli.trace(SENTENCE, model=attncli.load_model(seed=0), stages=["weights"])
    for one in made["sections"][0]["maps"]:
        weights = trace[one["stage"]].values[one["head"]]
        for kind, pairs in PATTERNS.items():
            assert one["scores"][kind] == pytest.approx(float(score(weights, pairs(ids))), rel=1e-5)


@pytest.mark.parametrize("sort", ["previous", "first", "self", "same", "induction", "entropy"])
def test_heads_are_sorted_by_what_they_do(attn: Run, sort: str) -> None:
    made = document(attn, "map", SENTENCE, "--seed", "0", "--layers", "4", "--sort", sort)
    scores = [one["scores"][sort] for one in made["sections"][0]["maps"]]
    assert scores == sorted(scores, reverse=sort != "entropy")
    text = text_of(attn("map", SENTENCE, "--seed", "0", "--layers", "4", "--sort", sort))
    unit = " bits" if sort == "entropy" else ""
    first = made["sections"][0]["maps"][0]
    assert f"{first['layer']}.{first['head']} {scores[0]:.2f}{unit}" in text


def test_a_single_head_is_told_where_it_looks(attn: Run) -> None:
    arguments = ("map", "The cat sat on the mat", "--layer", "2", "--head", "3")
    for format_ in ("text", "md", "html", "svg"):
        said = re.sub(r"\s+", " ", text_of(attn(*arguments, "--format", format_)))
        for part in ("Largest weights: 1 The → 0 ", "first token 30.2 %", "itself 12.7 %", "elsewhere 32.5 %",
                     "Entropy: 1.72 bits on average; even attention would have 1.91"):  # fmt: skip
            assert part in said
    (section,) = document(attn, *arguments)["sections"]
    focus = section["maps"][0]["focus"]
    weights = np.array(section["maps"][0]["values"], float)
    assert focus["queries"] == 8
    for pair in focus["top"]:
        assert pair["weight"] == pytest.approx(weights[pair["query"], pair["key"]])
    assert focus["shares"]["first"] == pytest.approx(weights[1:, 0].mean())
    assert document(attn, *arguments[:-2])["sections"][0]["maps"][3]["focus"] is None  # many heads


def test_cross_attention_is_told_too(attn: Run) -> None:
    text = text_of(
        attn("map", "the cat sat on the mat", *T5, "--stage", "cross.weights", "--layer", "0", "--head", "1")
    )
    assert re.search(r"Where its attention goes: first token [\d.]+ %, elsewhere [\d.]+ %", text)


# ------------------------------------------------------------------ models


def test_an_encoder_decoder_has_a_section_for_each_attention(attn: Run) -> None:
    made = document(attn, "map", "the cat sat on the mat", *T5)
    assert [s["name"] for s in made["sections"]] == [
        "encoder.layers.*.attn.weights",
        "decoder.layers.*.attn.weights",
        "decoder.layers.*.cross.weights",
    ]
    cross = made["sections"][2]
    assert (len(cross["rows"]["indices"]), len(cross["columns"]["indices"])) == (4, 7)
    assert cross["maps"][0]["scores"] is None
    zoomed = document(
        attn, "map", "the cat sat on the mat", *T5, "--stage", "cross.weights", "--query", "1", "--key", "mat"
    )
    assert zoomed["sections"][0]["columns"]["indices"] == [5]
    text = text_of(
        attn("map", "the cat sat on the mat", *T5, "--stage", "cross.weights", "--layer", "0", "--head", "0")
    )
    assert re.search(r"^ *the *cat *sat *on *the *mat *</s>$", text, re.MULTILINE)
    assert "0 <pad>" in text


CASES = sorted(folder.parent.name for folder in GOLDEN.glob("*/config.json"))


@pytest.mark.parametrize("case", CASES[::3])
def test_every_model_can_be_mapped(attn: Run, case: str) -> None:
    given = json.loads((GOLDEN / case / "input.json").read_text())
    ids = ",".join(str(i) for i in next(iter(v for v in given.values() if isinstance(v, list))))
    model = attncli.load_model(GOLDEN / case)
    more = ("--target-ids", "1,2") if model.spec.encoder is not None else ()
    made = document(attn, "map", "--ids", ids, "-m", str(GOLDEN / case), *more)
    for section in made["sections"]:
        for one in section["maps"]:
            values = np.array(one["values"], float)
            assert np.nanmax(values) <= 1 + 1e-5
            assert np.nanmin(values) >= 0


def test_the_mask_of_a_window_is_seen(attn: Run) -> None:
    made = document(
        attn, "map", "--ids", "3,1,4,1,5", "-m", str(GOLDEN / "gemma2-tied"), "--layer", "1", "--head", "0"
    )
    assert [[v is not None for v in row] for row in made["sections"][0]["maps"][0]["values"]] == [
        [0 <= q - k < 3 for k in range(5)] for q in range(5)
    ]


def test_a_number_that_is_none_is_marked_and_warned_about(attn: Run, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    write_gpt2(tmp_path / "m")
    file = tmp_path / "m" / "model.safetensors"
    tensors = load_file(file)
    name = next(n for n in tensors if n.endswith("h.0.attn.c_attn.weight"))
    tensors[name][0, 0] = np.nan
    save_file(tensors, file)
    done = attn("map", "--ids", "1,2,3", "-m", "m", "--layer", "0", "--head", "0")
    assert done.returncode == 0
    assert "× not a number" in done.stdout.decode()
    assert "are NaN or infinite" in done.stderr.decode()


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a b", "--stage", "q"], "attn.q is [head, position, d_head]: a map needs queries and keys."),
        (["a b", "--stage", "wieghts"], "Did you mean"),
        (["a b", "--stage", "scores", "--sort", "first"], "--sort first needs the weights of self-attention"),
        (["a b", "--score", "first"], "--score first says what --overview shows."),
        (["a b", "--overview", "--sort", "first"], "--sort does not go with --overview."),
        (["a b", "--overview", "--head", "0.0,1.1"], "--overview shows the same heads of every layer"),
        (["a b", "--overview", "--pool", "mean"], "--pool does not go with --overview."),
        (["a b", "--overview", "--key", "0"], "--key does not go with --overview"),
        (["a b", "--overview", "--stage", "scores"], "layers.0.attn.scores is another stage."),
        (["a b", "--overview", "--score", "same"], "No head has the score same in this text"),
        (["a b", "--layer", "7"], "layer 7 is out of range"),
        (["a b", "--head", "2"], "head 2 is out of range"),
        (["a b", "--query", "5-9"], "query 5 is out of range: 0 to 1"),
        (["a b", "--key", "5"], "key 5 is out of range: 0 to 1"),
        (["a a", "--key", "a"], "--key 'a' is token 0, 1: several."),
        (["a b", "--key", "zebra"], "no token 'zebra' in the sentence."),
        (["a b", "--json", "--format", "svg"], "--json and --format svg are both given."),
        (["a b", "--target", "c"], "--target is for an encoder with a decoder"),
        ([], "no sentence is given"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told(attn: Run, arguments: list[str], says: str) -> None:
    assert says in error_of(attn("map", *arguments, "--seed", "0"), 2)


def test_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -m attncli map 'a b c' --seed 0 --layers 8 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, env=os.environ, check=False)
    assert done.stderr == b""


def test_captions_can_be_japanese(attn: Run) -> None:
    text = text_of(attn("map", SENTENCE, "--seed", "0", "--lang", "ja"))
    assert "ヘッド" in text
