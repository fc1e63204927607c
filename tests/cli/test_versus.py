"""`attn versus` as a user runs it: attention beside an RNN and an LSTM."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from attncli.insights.versus.models import NAMES
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
    titles = {"sequential": "Sequential work", "range": "Long-range dependencies", "order": "Order"}
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
        (("a b", "--only", "range", "--lengths", "4"), "--lengths only affects the experiment sequential"),
        (("a b", "--only", "order", "--threads", "2"), "--threads only affects the experiment sequential"),
        (("a b", "--only", "sequential", "--gain", "2"), "--gain does not affect"),
        (("a b", "--only", "sequential", "--forget-bias", "2"), "--forget-bias does not affect"),
        (("a b", "--lengths", "4,x"), "give numbers from 1 to"),
        (("a b", "--lengths", "0,4"), "give numbers from 1 to"),
        (("a b", "--lengths", "99999999"), "give numbers from 1 to"),
        (("a b", "--only", "speed"), "speed"),
        (("a b", "--format", "npz"), "--format 'npz' is unknown: give one of table"),
        ((), "no sentence is given"),
        (("",), "the sentence is empty"),
        (("x " * 20000,), "20000 tokens; at most"),
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
