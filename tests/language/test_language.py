"""People read their own language; programs and errors stay English."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from attncli.language import ENGLISH, N_, joined, language, listed
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
    assert "'tlh' is not one of 'en', 'ja'" in said


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


def test_errors_and_names_are_english(attn: Run) -> None:
    japanese = UNSET | {"LANG": "ja_JP.UTF-8"}
    wrong = ("explain", "a b", "--seed", "0", "--stage", "wieghts")
    assert attn(*wrong, **japanese).stderr == attn(*wrong).stderr
    assert attn(*SENTENCE, "--nothing", **japanese).stderr == attn(*SENTENCE, "--nothing").stderr
    assert attn("explain", "--help", **japanese).stdout == attn("explain", "--help").stdout
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
        "未来のトークンと 3 個以上前のトークンを -inf でマスク" in masked
    )
    assert "[クエリ 3 × キー 3]" in masked
    assert "3 層 × 4 ヘッド · キー/バリュー 2 ヘッド · d_model 20 · d_head 6 · 回転位置 · 因果的" in masked


def test_omitted_rows_are_counted_in_japanese(attn: Run) -> None:
    asked = ("explain", " ".join(map(str, range(60))), "--seed", "0", "--stage", "weights", "--lang", "ja")
    table, markdown = text_of(attn(*asked)), text_of(attn(*asked, "--format", "md"))
    assert "⋯ 他 53 個" in table
    assert "行を省略" in table
    assert "⋯ 他 44 個" in markdown
    assert "⋮ 20 行を省略" in markdown


def test_sentences_of_japanese_have_no_space_between_them(attn: Run) -> None:
    compared = ("versus", "The cat sat", "--only", "range", "--only", "order", "--lang", "ja")
    assert not re.search("。 (?=.)", text_of(attn(*compared, COLUMNS="400")))


# ------------------------------------------------------------------ messages


def test_a_message_is_english_and_remembers_its_template() -> None:
    message = N_("the weights of the {chosen} chosen experts out of {count}; 0 for the others", chosen=2, count=8)
    assert message == "the weights of the 2 chosen experts out of 8; 0 for the others"
    assert json.loads(json.dumps({"meaning": message}))["meaning"] == message
    assert ENGLISH(message) == message
    said = "8 個のエキスパートから選んだ 2 個の重み。ほかは 0"
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
