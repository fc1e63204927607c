"""People read their own language; programs and errors stay English."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from attncli.errors import SYSTEM, alternatives, reason_of, together
from attncli.language import ENGLISH, N_, in_turn, joined, language, listed
from tests.conftest import Run, error_of, text_of

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = ("explain", "The cat sat", "--seed", "0")
MEANING = {"en": "how well each query matches each key", "ja": "各クエリと各キーの適合度"}
UNSET = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}


def spoken(text: str) -> str:
    """The language of a printed trace; all its captions are in the same language."""
    found = [name for name, meaning in MEANING.items() if meaning in text]
    assert len(found) == 1
    return found[0]


# ------------------------------------------------------------------ which language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:ja:en"}, "ja"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "en:ja"}, "en"),
        ({"LANG": "../../nowhere"}, "en"),
    ],
)
def test_the_locale_sets_the_language(attn: Run, environment: dict[str, str], expected: str) -> None:
    printed = text_of(attn(*SENTENCE, **UNSET | {"PYTHONIOENCODING": "utf-8"} | environment))
    assert spoken(printed) == expected


@pytest.mark.parametrize("name", MEANING)
def test_the_option_wins_over_the_locale(attn: Run, name: str) -> None:
    for locale in ("C.UTF-8", "ja_JP.UTF-8", "en_US.UTF-8"):
        printed = text_of(attn(*SENTENCE, "--lang", name, **UNSET | {"LANG": locale, "PYTHONIOENCODING": "utf-8"}))
        assert spoken(printed) == name


@pytest.mark.parametrize("command", [SENTENCE, ("pe",), ("model", "x"), ("families",), ("tokens", "a")])
def test_an_unknown_language_is_named_with_the_known_ones(attn: Run, command: tuple[str, ...]) -> None:
    said = error_of(attn(*command, "--lang", "tlh"), 2)
    assert "--lang 'tlh' is unknown: give one of en, ja." in said


def test_a_terminal_that_has_no_japanese_still_shows_the_numbers(attn: Run) -> None:
    done = attn(*SENTENCE, "--stage", "weights", "--lang", "ja", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "1.0000" in text_of(done)


# ------------------------------------------------------------------ programs

COMMANDS = {
    "explain": (*SENTENCE, "--stage", "all", "--layer", "all"),
    "gpt-oss": ("explain", "--ids", "1,2,3", "-m", str(GOLDEN / "gpt-oss-plain"), "--stage", "all"),
    "target": ("explain", "the cat", "--target", "the mat", "-m", str(GOLDEN / "t5-text"), "--stage", "all"),
    "pe": ("pe", "--length", "2", "--kind", "rotary"),
    "tokens": ("tokens", "the cat", "--target", "the mat", "-m", str(GOLDEN / "t5-text")),
    "model": ("model", str(GOLDEN / "gemma2-tied")),
    "families": ("families",),
    "query": (*SENTENCE, "--query", "2"),
    "key": (*SENTENCE, "--query", "2", "--key", "1"),
    "map": ("map", "The cat sat", "--seed", "0"),
    "versus": ("versus", "The cat sat", "--only", "range", "--only", "order"),
    "similarity": ("pe", "--length", "4", "--similarity"),
}
FORMATS = dict.fromkeys(("explain", "gpt-oss", "target", "pe"), ("json", "ndjson", "csv", "npz", "safetensors"))
FORMATS |= {"tokens": ("json", "ndjson", "csv", "npz", "safetensors"), "model": ("json", "ndjson", "csv")}
FORMATS |= {"families": ("json", "ndjson", "csv")}


@pytest.mark.parametrize(("name", "format_"), [(name, f) for name, formats in FORMATS.items() for f in formats])
def test_what_programs_read_is_the_same_in_every_language(attn: Run, name: str, format_: str) -> None:
    asked = (*COMMANDS[name], "--format", format_)
    plain = attn(*asked)
    assert plain.returncode == 0, plain.stderr.decode()
    assert attn(*asked, "--lang", "ja").stdout == plain.stdout


def test_the_locale_does_not_change_what_programs_read(attn: Run) -> None:
    asked = (*COMMANDS["explain"], "--json")
    assert attn(*asked, **UNSET | {"LANG": "ja_JP.UTF-8"}).stdout == attn(*asked).stdout


def test_a_worked_example_is_in_japanese_and_its_json_is_not(attn: Run) -> None:
    asked = ("explain", "a b c", "--seed", "0", "--query", "c")
    assert "このクエリに対するこのヘッドの出力" in text_of(attn(*asked, "--lang", "ja"))
    assert attn(*asked, "--json", "--lang", "ja").stdout == attn(*asked, "--json").stdout


def test_names_of_stages_are_the_same_in_every_language(attn: Run) -> None:
    assert "layers.0.attn.weights · ヘッド 0" in text_of(attn(*SENTENCE, "--stage", "weights", "--lang", "ja"))


# ------------------------------------------------------------------ people


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("format_", ["table", "md"])
def test_every_command_speaks_japanese(attn: Run, command: str, format_: str) -> None:
    printed = text_of(attn(*COMMANDS[command], "--format", format_, "--lang", "ja"))
    words = ("causal", "tokens", "dimension", "family", "source", "what", "norm", "special", "masked", "mean")
    for word in (*words, "of", "each", "by", "from", "with", "to"):
        assert not re.search(rf"(?<![\w.]){word}(?![\w.])", printed)


def test_the_words_of_the_sentence_are_not_translated(attn: Run) -> None:
    printed = text_of(attn("explain", "query key none sink", "--seed", "0", "--stage", "weights", "--lang", "ja"))
    for label in ("0 query", "1 key", "2 none", "3 sink"):
        assert label in printed
    assert "│ none " in text_of(attn("tokens", "none", "--tokenizer", "words", "--lang", "ja")).replace("  ", " ")


def test_special_formulas_are_explained_in_japanese(attn: Run) -> None:
    asked = ("explain", "--ids", "3,1,4", "-m", str(GOLDEN / "gemma2-tied"), "--layer", "1", "--lang", "ja")
    masked = text_of(attn(*asked, "--stage", "masked", COLUMNS="120"))
    assert (
        "M = S_cap（query - 3 < key ≤ query のとき）、それ以外は -inf   "
        "未来のトークンと、3 個以上前のトークンを -inf でマスク" in masked
    )
    assert "[クエリ 3 × キー 3]" in masked
    facts = masked.partition("9 トークン")[0].replace("\n", "")
    assert (
        "キー/バリュー 2 ヘッド · d_model 20 · d_head 6· 回転位置エンコーディング（RoPE） · 因果マスクあり"
        in facts
    )


def test_omitted_rows_are_counted_in_japanese(attn: Run) -> None:
    asked = ("explain", " ".join(map(str, range(60))), "--seed", "0", "--stage", "weights", "--lang", "ja")
    table, markdown = text_of(attn(*asked)), text_of(attn(*asked, "--format", "md"))
    assert "60 個のキーのうち重みの大きい 8 個" in table
    assert "行を省略" in table
    assert "⋯ 他 44 個" in markdown
    assert "⋮ 20 行を省略" in markdown


def test_sentences_of_japanese_have_no_space_between_them(attn: Run) -> None:
    compared = ("versus", "The cat sat", "--only", "range", "--only", "order", "--lang", "ja")
    assert not re.search("。 (?=.)", text_of(attn(*compared, COLUMNS="400")))


# ------------------------------------------------------------------ errors, warnings, notes

WRONG = {
    "a stage": ("explain", "a b", "--seed", "0", "--stage", "wieghts"),
    "a token": ("explain", "a b", "--seed", "0", "--query", "c"),
    "a head out of range": ("explain", "a b", "--seed", "0", "--head", "7"),
    "a head of a layer": ("explain", "a b", "--seed", "0", "--head", "1.7"),
    "a side": ("explain", "the cat", "-m", str(GOLDEN / "t5-text"), "--query", "dog", "--attention", "encoder"),
    "a size": ("explain", "a b", "--seed", "0", "--heads", "3"),
    "an id": ("explain", "--ids", "1,999999", "-m", str(GOLDEN / "t5-text")),
    "two options": ("tokens", "a", "--json", "--format", "csv"),
    "two sentences": ("tokens", "a", "--file", "b"),
    "no sentence": ("tokens",),
    "no file": ("tokens", "--file", "missing.txt"),
    "no folder": ("model", "./no-such-folder"),
    "an encoding": ("pe", "--kind", "alibi", "--dim", "4"),
    "a key without a query": ("explain", "a b", "--key", "1"),
    "several queries and a key": ("explain", "a b", "--query", "0-1", "--key", "1"),
    "a format": ("model", "story", "--format", "npz"),
    "an experiment": ("versus", "a b", "--only", "range", "--threads", "2"),
    "a family": ("families", "lama"),
    "a pair": ("explain", "a b", "--pair", "c"),
    "a target": ("explain", "a b", "--target", "c"),
    "a base": ("pe", "--base", "1"),
    "a range": ("explain", "a b", "--layer", "1-0"),
    "top": ("explain", "a b", "--top", "0"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_errors_are_in_the_language_of_the_reader(attn: Run, wrong: tuple[str, ...]) -> None:
    english, japanese = attn(*wrong), attn(*wrong, **UNSET | {"LANG": "ja_JP.UTF-8"})
    said = japanese.stderr.decode()
    assert japanese.returncode == english.returncode > 0
    assert said.startswith("attn: エラー: ")
    assert len(said.splitlines()) == len(english.stderr.splitlines())
    words = set(re.findall("[A-Za-z]{3,}", " ".join(wrong))) | {"attn", "query", "head", "key", "token", "layer"}
    for line in said.splitlines():
        assert re.search("[ぁ-んァ-ヶ一-鿿]", line), line
        prose = re.sub(r"--[\w-]+|'[^']*'|[\w.]*[._][\w.]*|\b[A-Z]+\b|attn \w+ .*", "", line)
        english_words = set(re.findall(r"(?<![\w/-])(?:the|is|are|no|of|and|or|not|has|give|as|in)(?!\w)", prose))
        assert not english_words - words, line


def test_the_option_sets_the_language_of_errors_too(attn: Run) -> None:
    wrong = ("explain", "a b", "--seed", "0", "--stage", "wieghts")
    for language_option in (("--lang", "ja"), ("--lang=ja",)):
        assert attn(*wrong, *language_option).stderr == attn(*wrong, **UNSET | {"LANG": "ja_JP.UTF-8"}).stderr
    english = attn(*wrong, "--lang", "en", **UNSET | {"LANG": "ja_JP.UTF-8"}).stderr.decode()
    assert english.startswith("attn: error: no stage matches")


def test_notes_and_warnings_are_in_the_language_of_the_answer(attn: Run, tmp_path: Path) -> None:
    note = ("explain", "猫が座った", "--stage", "weights", "--query", "-1")
    assert attn(*note).stderr.decode().startswith("attn: note: the story model was trained on English only")
    for spoken_to in ({"LANG": "ja_JP.UTF-8"}, {"LANG": "en_US.UTF-8", "LANGUAGE": "ja"}):
        said = attn(*note, **UNSET | spoken_to).stderr.decode()
        assert said.startswith("attn: 注: story モデルは英語だけで学習しているため")
    assert attn(*note, "--lang", "ja").stderr.decode().startswith("attn: 注: ")

    matrix = np.full((4, 4), np.inf, np.float32)
    np.savez(tmp_path / "layer.npz", w_q=matrix, w_k=matrix, w_v=matrix)
    broken = ("explain", "a b", "-m", str(tmp_path / "layer.npz"), "--stage", "q", "--stage", "k")
    (first,) = attn(*broken, "--lang", "ja").stderr.decode().splitlines()
    assert first == (
        "attn: 警告: layers.0.attn.q の 8 個の数値のうち 8 個が NaN または無限大です。"
        "後に続く 1 個のステージにもあります。"
    )
    assert attn(*broken).stderr.decode().splitlines()[0] == (
        "attn: warning: 8 of 8 numbers of layers.0.attn.q are NaN or infinite, and in 1 stages after it."
    )


def test_what_the_system_says_is_translated(attn: Run, tmp_path: Path) -> None:
    said = attn("tokens", "--file", str(tmp_path), "--lang", "ja").stderr.decode()
    assert said == f"attn: エラー: {tmp_path} を読めません: フォルダです\n"


def test_a_reason_ends_a_message_in_the_same_language() -> None:
    say = language("ja")
    marked = N_("a value has the unknown type {kind}", kind=99)
    assert reason_of(ValueError(marked)) == str(ValueError(marked)) == "a value has the unknown type 99"
    assert say(reason_of(ValueError(marked))) == "不明な型 99 の値があります"
    assert say(reason_of(ValueError("plain {text}"))) == "plain {text}"
    assert say(reason_of(FileNotFoundError(2, os.strerror(2)))) == "ファイルまたはフォルダがありません"
    assert say(reason_of(OSError("neither number nor text"))) == "neither number nor text"
    for text in SYSTEM:
        assert text in {os.strerror(number) for number in errno.errorcode}


# ------------------------------------------------------------------ messages


def test_a_message_is_english_and_remembers_its_template() -> None:
    message = N_("the weights of the {chosen} chosen experts out of {count}; 0 for the others", chosen=2, count=8)
    assert message == "the weights of the 2 chosen experts out of 8; 0 for the others"
    assert json.loads(json.dumps({"meaning": message}))["meaning"] == message
    assert ENGLISH(message) == message
    said = "8 個のエキスパートから選んだ 2 個の重み、ほかは 0"
    assert language("ja")(message) == language("ja")(pickle.loads(pickle.dumps(message))) == said


def test_messages_within_messages_are_translated_and_other_values_are_not() -> None:
    say = language("ja")
    assert say(N_("{norm} of {letters}, {over}", norm="key", letters=N_("q and k"), over=N_("each head"))) == (
        "q と k の key（ヘッドごと）"
    )
    assert joined("; ", "key", N_("key"), "{x}") == "key; key; {x}"
    assert say(joined("; ", "key", N_("key"), "{x}")) == "key; キー; {x}"
    assert [listed(*texts) for texts in ((), ("q",), ("q", N_("key"), "{x}"))] == ["", "q", "q, key, {x}"]
    assert [say(listed(*texts)) for texts in ((), ("q",), ("q", N_("key"), "{x}"))] == ["", "q", "q、キー、{x}"]
    assert say(in_turn("q", listed("k", N_("key")))) == "q／k、キー"
    assert in_turn("q", listed("k", N_("key"))) == "q; k, key"
    assert together(["q", "k", "v"]) == "q and k and v"
    assert say(together(["q", "k"])) == "q と k"
    assert say(alternatives(["q", "k"])) == "q か k"
    assert say.marked("key") == "key"
    assert say.marked(N_("key")) == say("key") == "キー"


def test_a_text_without_a_translation_stays_english() -> None:
    say = language("ja")
    assert say("no such message") == "no such message"
    assert say(N_("{n} such messages", n=3)) == "3 such messages"
    assert say("") == say(N_("")) == ""


@pytest.mark.parametrize(
    ("name", "singular", "plural"), [("en", "1 head", "2 heads"), ("ja", "1 ヘッド", "2 ヘッド")]
)
def test_plurals_follow_the_language(name: str, singular: str, plural: str) -> None:
    say = language(name)
    assert [say.counted("{count} head", "{count} heads", n) for n in (1, 2)] == [singular, plural]
