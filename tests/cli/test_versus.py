"""`attn versus`: attention beside an RNN and an LSTM."""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from attncli.insights.versus.reach import Influence, influences
from attncli.render.versus_parts import amount, plain, rounded, seconds
from attncli.render.versus_words import factor, of_order, of_reach, of_work
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from attncli.formula.jacobians import rnn_back
from attncli.formula.recurrent import rnn
from attncli.insights.versus.models import NAMES, Models, draw, hidden_size
from attncli.insights.versus.order import SAME, differences, shuffle
from attncli.insights.versus.sequential import (
    REPEATS,
    Sequential,
    Timing,
    crossings,
    measure,
    operations,
    steps,
)
from attncli.text.built_in_tokenizers import built_in
from attncli.text.tokens import Tokens
from tests.conftest import Run, error_of, text_of

SENTENCE = "the cat sat on the mat and the dog sat on the log"
FEW = ("--lengths", "4,8")


def document(attn: Run, *arguments: str) -> Any:
    """What --json prints, which must be as its schema says."""
    made = json.loads(text_of(attn("versus", *arguments, "--json")))
    schema = json.loads(text_of(attn("schema", "versus")))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(made, schema)
    return made


def words(n: int, d: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, d))


def tokens_of(text: str) -> Tokens:
    return built_in("words").encode(text, None, True, None)


# ------------------------------------------------------------------ the models


@given(st.integers(2, 300), st.sampled_from([1, 4]))
def test_parameters_are_as_near_to_those_of_attention_as_a_whole_number_of_states_allows(
    d: int, gates: int
) -> None:
    def parameters(hidden: int) -> int:
        return gates * hidden * (d + hidden + 1)

    hidden = hidden_size(d, gates)
    assert parameters(hidden + 1) > 4 * d * d
    assert hidden == 1 or parameters(hidden - 1) < 4 * d * d


def test_the_counts_are_those_of_the_arrays() -> None:
    models = draw(64, 0)
    assert models.parameters == {
        "rnn": 64 * 100 + 100 * 100 + 100,
        "lstm": 4 * (64 * 39 + 39 * 39 + 39),
        "attention": 4 * 64 * 64,
    }


def test_the_seed_and_nothing_else_draws_the_models() -> None:
    one, same, other = draw(8, 1), draw(8, 1), draw(8, 2)
    assert (one.rnn.w_h == same.rnn.w_h).all()
    assert (one.attention.w_q != other.attention.w_q).all()
    assert draw(8, 1, gain=2, forget_bias=3).lstm.bias.tolist() == 5 * [0.0] + 5 * [3.0] + 10 * [0.0]


# ------------------------------------------------------------------ sequential work


def test_operations_are_the_products_of_the_matrices() -> None:
    assert operations("attention", 10, 8, 8) == 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8
    assert operations("rnn", 10, 8, 12) == 10 * (8 * 12 + 12 * 12)
    assert operations("lstm", 10, 8, 5) == 10 * 4 * (8 * 5 + 5 * 5)
    assert [steps(name, 10) for name in NAMES] == [10, 10, 1]


def test_times_are_medians_of_runs_in_turn() -> None:
    """A clock that moves by 1, 2, 3, … thousandths: a run takes an odd number of them, the models by turns."""
    ticks = count()
    models, now = draw(4, 0), 0.0

    def clock() -> float:
        nonlocal now
        now += next(ticks) / 1000
        return now

    found = measure(models, words(3, 4), [2], clock)
    taken = {
        name: [0.001 * (2 * (3 * turn + place) + 1) for turn in range(REPEATS)] for place, name in enumerate(NAMES)
    }
    for timing in found.timings:
        assert timing.n == 2
        kept = taken[timing.model][: timing.repeats]
        assert timing.seconds == pytest.approx(sorted(kept)[len(kept) // 2])


def test_long_runs_are_not_repeated() -> None:
    ticks = count()
    found = measure(draw(4, 0), words(3, 4), [2, 3], lambda: 5.0 * next(ticks))
    assert [timing.repeats for timing in found.timings] == [1] * 6


def test_a_crossing_is_where_lines_on_logarithmic_scales_meet() -> None:
    lengths = [1, 4, 16, 64]
    (found,) = crossings("rnn", lengths, [n**2 / 10 for n in lengths], [float(n) for n in lengths])
    assert found.n == pytest.approx(10)
    assert found.between == (4, 16)
    assert found.attention_faster_before
    (back,) = crossings("rnn", lengths, [float(n) for n in lengths], [n**2 / 10 for n in lengths])
    assert not back.attention_faster_before
    assert crossings("rnn", lengths, [1.0] * 4, [2.0] * 4) == []
    assert crossings("rnn", lengths, [1.0] * 4, [1.0] * 4) == []
    (touched,) = crossings("rnn", lengths, [1.0, 2, 2, 4], [2.0, 2, 2, 1])
    assert touched.between == (1, 64)


times = st.floats(1e-6, 1e3)


@st.composite
def sequentials(draw_: st.DrawFn) -> Sequential:
    lengths = sorted(draw_(st.sets(st.integers(1, 5000), min_size=1, max_size=6)))
    timings = [Timing(name, n, draw_(st.sampled_from([1.0, 2.0, 4.0])), 3) for n in lengths for name in NAMES]
    of = {name: [t.seconds for t in timings if t.model == name] for name in NAMES}
    found = [c for other in ("rnn", "lstm") for c in crossings(other, lengths, of["attention"], of[other])]
    return Sequential(tuple(lengths), tuple(timings), tuple(found), 1)


@given(sequentials())
def test_what_is_said_of_the_times_is_true(found: Sequential) -> None:
    for other, said in zip(("rnn", "lstm"), str(of_work(5, found)).split("Attention was ")[1:], strict=True):
        pairs = list(zip(found.lengths, found.seconds("attention"), found.seconds(other), strict=True))
        faster, slower = ({n for n, a, b in pairs if way * (a - b) < 0} for way in (1, -1))
        everywhere = set(found.lengths)
        if "without a crossing" in said or " at n = " in said:
            assert (faster if said.startswith("faster") else slower) == everywhere
        elif "they cross" in said:
            (crossing,) = (c for c in found.crossings if c.other == other)
            before = {n for n in found.lengths if n <= crossing.between[0]}
            first, then = (faster, slower) if said.startswith("faster") else (slower, faster)
            assert first == before
            assert then == everywhere - before
            assert f"n = {crossing.between[0]} and" in said
        else:
            assert f"at {len(faster)} of the {len(pairs)} lengths and slower at {len(slower)}" in said
            assert everywhere not in (faster, slower)


# ------------------------------------------------------------------ long-range dependency


@pytest.mark.parametrize("gain", [0.3, 1.0, 4.0])
def test_norms_are_those_of_the_jacobians(gain: float) -> None:
    models, x = draw(6, 0, gain), words(7, 6)
    states = rnn(models.rnn, x)
    carried, norms = np.eye(states.shape[1]), []
    for t in reversed(range(7)):
        jacobian, carried = rnn_back(models.rnn, states, t, carried)
        norms.insert(0, np.linalg.norm(jacobian))
    np.testing.assert_allclose(influences(models, x)[0].norms, norms, rtol=1e-12)


def test_influences_beyond_the_range_of_numbers_are_kept_by_their_logarithms() -> None:
    x = words(2500, 4)
    fading, exploding = influences(draw(4, 0, 0.3), x)[0], influences(draw(4, 0, 12.0), 0.1 * x)[0]
    assert np.isfinite(fading.log_norms).all()
    assert fading.log_norms[0] < math.log(1e-308)
    assert fading.norms[0] == 0
    assert fading.per_step is not None
    assert fading.per_step < 0.5
    assert not np.isnan(exploding.log_norms).any()


def test_with_no_recurrence_an_rnn_hears_the_last_token_only() -> None:
    of_rnn, of_lstm, _ = influences(draw(6, 0, gain=0), words(5, 6))
    assert of_rnn.norms[:-1].tolist() == [0] * 4
    assert of_rnn.per_step == 0
    assert (of_lstm.norms > 0).all()  # by its cells


def test_the_factor_a_step_is_the_slope_of_the_logarithm() -> None:
    found = Influence("rnn", np.log([0.125, 0.25, 0.5, 7.0]), (4, 3, 2, 1))  # the last token's own does not count
    assert found.per_step == pytest.approx(0.5)
    assert Influence("rnn", np.log([0.5, 1.0]), (2, 1)).per_step is None


def test_it_fades_in_the_rnn_less_in_the_lstm_and_not_in_attention() -> None:
    """As the papers say, on average over seeds, with the options as they are."""
    logs = []
    for seed in range(20):
        found = influences(draw(32, seed), words(12, 32, seed))
        logs.append([math.log(f.per_step or 0) for f in found])
    of_rnn, of_lstm, of_attention = np.exp(np.mean(logs, axis=0))
    assert of_rnn < 0.7 < of_lstm < 0.9
    assert of_attention == pytest.approx(1, abs=0.1)


@given(st.integers(0, 100), st.integers(2, 8), st.randoms())
def test_in_attention_influence_goes_with_the_word_wherever_it_stands(seed: int, n: int, random: Any) -> None:
    models, x = draw(6, seed), words(n, 6, seed)
    order = list(range(n - 1))
    random.shuffle(order)
    straight, moved = (influences(models, x[rows])[2].norms for rows in ([*range(n)], [*order, n - 1]))
    np.testing.assert_allclose(moved[:-1], straight[order], rtol=1e-9)


@pytest.mark.parametrize(
    ("rnn_factor", "lstm_factor", "said"),
    [
        (0.5, 0.9, "It fades in the RNN, and less in the LSTM."),
        (0.9, 0.5, "It fades in both, in the LSTM not less than in the RNN."),
        (0.5, 0.5001, "It fades in both, in the LSTM not less than in the RNN."),  # 0.500 is shown of both
        (0.5, 1.1, "It fades in the RNN, but not in the LSTM."),
        (1.2, 0.9, "It fades in the LSTM, but not in the RNN."),
        (1.2, 1.0, "It fades in neither."),
    ],
)
def test_what_is_said_of_fading_follows_the_numbers(rnn_factor: float, lstm_factor: float, said: str) -> None:
    path = (1, 1, 1, 1)
    logs = [np.log(f) * np.arange(3, -1, -1) for f in (rnn_factor, lstm_factor, 1.3)]
    found = [Influence(name, log, path) for name, log in zip(NAMES, logs, strict=True)]
    told = str(of_reach(tokens_of("a b c d"), found))
    assert said in told
    assert f"multiplied by {factor(rnn_factor)} in the RNN" in told
    assert "more than once" not in told
    assert "“a” comes more than once" in str(of_reach(tokens_of("a b a d"), found))
    assert "more than once" not in str(of_reach(tokens_of("d b a d"), found))  # once before the last token


# ------------------------------------------------------------------ order


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 1000))
def test_the_shuffled_sentence_reads_differently(ids: list[int], seed: int) -> None:
    order = shuffle(ids, seed)
    assert sorted(order) == list(range(len(ids)))
    assert ([ids[i] for i in order] == ids) == (len(set(ids)) == 1)
    assert order.tolist() == shuffle(ids, seed).tolist()


@given(st.integers(0, 1000), st.integers(2, 9))
def test_attention_without_positions_alone_does_not_see_the_order(seed: int, n: int) -> None:
    models: Models = draw(8, seed)
    found = differences(models, words(n, 8, seed), shuffle(range(n), seed))
    assert [(d.model, d.positions, d.mask) for d in found] == [
        ("attention", False, False), ("attention", True, False), ("attention", False, True),
        ("rnn", False, True), ("lstm", False, True),
    ]  # fmt: skip
    assert [d.same for d in found] == [True, False, False, False, False]
    assert found[0].largest < SAME
    assert f"{found[0].largest:.1e}" in str(of_order(tokens_of(" ".join(map(str, range(n)))), found))


def test_a_difference_is_of_each_token_from_itself() -> None:
    """The first two of three words change places: an RNN comes to the third by another way, and the vector of the
    word that comes first now is its own step from zeros."""
    models, x = draw(4, 0), words(3, 4)
    *_, of_rnn, _ = differences(models, x, np.array([1, 0, 2]))
    straight, moved = rnn(models.rnn, x), rnn(models.rnn, x[[1, 0, 2]])
    expected = [np.abs(straight[i] - moved[j]).max() for i, j in ((0, 1), (1, 0), (2, 2))]
    np.testing.assert_allclose(of_rnn.by_token, expected, rtol=1e-12)


# ------------------------------------------------------------------ numbers for people


def test_numbers_keep_what_matters() -> None:
    assert [amount(v, 4) for v in (0, 1.23456, 0.00123, 0.000123, 2e7)] == [
        "0",
        "1.2346",
        "0.0012",
        "1.2e-04",
        "2.0e+07",
    ]
    assert [seconds(v) for v in (2.5, 0.012345, 9.9999e-4, 3.2e-5, 5e-9)] == [
        "2.5 s",
        "12.3 ms",
        "1 ms",
        "32 µs",
        "5 ns",
    ]
    assert [plain(v) for v in (1e-7, 0.002, 0.5, 20, 5000, 1e4)] == ["1e-7", "0.002", "0.5", "20", "5000", "1e4"]
    assert [rounded(v) for v in (7, 98400, 1234567)] == ["7", "98.4 k", "1.23 M"]
    assert [factor(v) for v in (0.58249, 1, 123, 0)] == ["0.582", "1.00", "123", "0.00"]


# ------------------------------------------------------------------ the command


def test_json_is_as_its_schema_says(attn: Run) -> None:
    made = document(attn, SENTENCE, *FEW, "--d-model", "16", "--seed", "3")
    assert [t["text"] for t in made["tokens"]] == SENTENCE.split()
    assert (made["seed"], made["d_model"], made["gain"], made["forget_bias"]) == (3, 16, 1.0, 1.0)
    n = len(SENTENCE.split())
    of_rnn, _, of_attention = made["models"]
    assert of_rnn["sequential_steps"] == {"order": "O(n)", "n": n}
    assert of_attention["sequential_steps"] == {"order": "O(1)", "n": 1}
    assert [(t["n"], t["model"]) for t in made["sequential"]["timings"]] == [(n, m) for n in (4, 8) for m in NAMES]
    assert made["range"]["distances"] == list(range(n - 1, -1, -1))
    by_model = {m["model"]: m for m in made["range"]["models"]}
    assert by_model["rnn"]["path"] == list(range(n, 0, -1))
    assert by_model["attention"]["path"] == [1] * n
    same = {by_model["attention"]["norms"][i] for i, word in enumerate(SENTENCE.split()) if word == "the"}
    assert max(same) == pytest.approx(min(same), rel=1e-12)
    shuffled = made["order"]["shuffled"]
    assert [SENTENCE.split()[i] for i in shuffled] == made["order"]["texts"] != SENTENCE.split()
    for part in ("sequential", "range", "order"):
        assert made[part]["claimed"].startswith("Claimed by ")
        assert made[part]["shown"]


@pytest.mark.parametrize("only", ["sequential", "range", "order"])
def test_only_one_experiment_is_done_where_one_is_asked_for(attn: Run, only: str) -> None:
    made = document(attn, "a b c", "--only", only, *(FEW if only == "sequential" else ()))
    assert [part for part in ("sequential", "range", "order") if made[part]] == [only]
    shown = text_of(attn("versus", "a b c", "--only", only, *(FEW if only == "sequential" else ())))
    titles = {"sequential": "Sequential work", "range": "Long-range dependency", "order": "Order"}
    assert [name for name, title in titles.items() if f"\n{title}\n" in shown] == [only]
    assert shown.count("Claimed by ") == 1


@pytest.mark.parametrize("sentence", ["one", "a b", "a a a", "あ", SENTENCE, "x " * 300])
def test_any_sentence_is_compared(attn: Run, sentence: str) -> None:
    made = document(attn, sentence, "--lengths", "4", "--d-model", "8", "--gain", "0")
    text_of(attn("versus", sentence, "--lengths", "4", "--d-model", "8", "--gain", "0"))
    assert len(made["order"]["models"]) == 5
    if len(made["tokens"]) == 1:
        assert "There is no token before the last one" in made["range"]["shown"]
    if len({t["id"] for t in made["tokens"]}) == 1:
        assert all(m["same"] for m in made["order"]["models"])


@pytest.mark.parametrize("width", ["40", "60", "80", "120"])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_tables_and_plots_fit_the_terminal(attn: Run, width: str, lang: str) -> None:
    sentence = "猫がマットに座った。 the cat sat on the incomprehensibilities"
    lines = text_of(attn("versus", sentence, *FEW, "--lang", lang, COLUMNS=width)).splitlines()
    assert max(map(cell_len, lines)) <= int(width)
    assert "…" not in "".join(lines)


def test_a_long_text_is_shown_in_part_unless_all_is_asked_for(attn: Run) -> None:
    text = " ".join(f"w{i}" for i in range(100))
    assert "60 more" in text_of(attn("versus", text, "--only", "range"))
    assert " w50 " in text_of(attn("versus", text, "--only", "range", "--full"))


def test_the_same_command_shows_the_same_twice(attn: Run) -> None:
    arguments = ("versus", SENTENCE, "--only", "range", "--only", "order")
    assert text_of(attn(*arguments)) == text_of(attn(*arguments))
    assert text_of(attn(*arguments)) != text_of(attn(*arguments, "--seed", "1"))


def test_text_comes_from_standard_input_a_file_or_ids(attn: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a b c\n")
    straight = document(attn, "a b c", "--only", "range")
    assert document(attn, "--file", "text.txt", "--only", "range") == straight
    assert json.loads(text_of(attn("versus", "-", "--only", "range", "--json", stdin=b"a b c\n"))) == straight
    made = document(attn, "--ids", "5,6,5", "--only", "range")
    assert made["text"] is None
    assert [t["id"] for t in made["tokens"]] == [5, 6, 5]
    assert len(document(attn, "ab c", "--tokenizer", "chars", "--only", "range")["tokens"]) == 4


def test_csv_has_every_number_of_the_json(attn: Run) -> None:
    made = document(attn, "a b c", "--only", "range")
    rows = dict(csv.reader(io.StringIO(text_of(attn("versus", "a b c", "--only", "range", "--format", "csv")))))
    assert float(rows["range.models.0.norms.1"]) == made["range"]["models"][0]["norms"][1]


def test_markdown_has_tables_and_plots(attn: Run) -> None:
    text = text_of(attn("versus", "a|b `c` *d*", "--only", "range", "--format", "md"))
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for one, other in pairwise(line.replace(r"\|", "").count("|") for line in lines if line):
        assert one == other or one == 5  # the first table has four columns, the second five
    assert "```text\nR RNN  L LSTM  A attention" in text


def test_markup_and_controls_of_a_text_are_shown_not_obeyed(attn: Run) -> None:
    shown = text_of(attn("versus", "[red]x[/red] \x1b[31m y", "--only", "range", "--only", "order"))
    assert "\x1b" not in shown
    assert "␛" in shown
    assert "red" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a b", "--d-model", "7"), "--d-model 7 is odd"),
        (("a b", "--only", "range", "--lengths", "4"), "--lengths is for what --only sequential times"),
        (("a b", "--only", "order", "--threads", "2"), "--threads is for what --only sequential times"),
        (("a b", "--only", "sequential", "--gain", "2"), "--gain does not change"),
        (("a b", "--only", "sequential", "--forget-bias", "2"), "--forget-bias does not change"),
        (("a b", "--lengths", "4,x"), "give numbers from 1 to"),
        (("a b", "--lengths", "0,4"), "give numbers from 1 to"),
        (("a b", "--lengths", "99999999"), "give numbers from 1 to"),
        (("a b", "--only", "speed"), "speed"),
        (("a b", "--format", "npz"), "npz holds the stages of a trace"),
        ((), "no sentence is given"),
        (("",), "the sentence is empty"),
        (("x " * 20000,), "20000 tokens are more than"),
    ],
)
def test_what_cannot_be_compared_is_told(attn: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in error_of(attn("versus", *arguments), 2)


def test_an_odd_width_will_do_without_positions(attn: Run) -> None:
    assert document(attn, "a b c", "--only", "range", "--d-model", "7")["d_model"] == 7


def test_sentences_come_in_japanese_and_json_stays_english(attn: Run) -> None:
    arguments = ("versus", SENTENCE, *FEW, "--lang", "ja")
    shown = text_of(attn(*arguments))
    for part in ("Claimed by", "Attention was", "Without positions", "fades", "Sequential work", "shuffled"):
        assert part not in shown
    assert "Vaswani et al. 2017" in shown
    assert json.loads(text_of(attn(*arguments, "--json")))["order"]["claimed"].startswith("Claimed by ")
    by_locale = text_of(attn("versus", "a b", "--only", "range", LC_ALL="ja_JP.UTF-8", LANGUAGE="ja"))
    assert by_locale == text_of(attn("versus", "a b", "--only", "range", "--lang", "ja"))
