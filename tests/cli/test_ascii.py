"""--ascii: tables and maps for terminals that have no other characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run, error_of, text_of

SENTENCE = "猫 का cat é"
COMMANDS = (
    ("explain", SENTENCE),
    ("explain", SENTENCE, "--query", "cat"),
    ("explain", SENTENCE, "--query", "cat", "--key", "0"),
    ("map", SENTENCE),
    ("map", SENTENCE, "--layer", "0", "--head", "0"),
    ("tokens", SENTENCE),
    ("model", "story"),
    ("versus", "a b c", "--only", "order"),
    ("families",),
    ("pe", "--length", "3"),
    ("pe", "--length", "30", "--map"),
    ("pe", "--length", "8", "--similarity"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_everything_is_ascii_and_lines_up(attn: Run, command: tuple[str, ...]) -> None:
    seeded = ["--seed", "0"] if SENTENCE in command else []
    shown = text_of(attn(*command, *seeded, "--ascii"))
    assert shown.isascii()
    above = ""
    for line in shown.splitlines():
        if line.startswith("| "):
            assert len(line) == len(above)
        above = line


def test_tokens_are_escaped_and_signs_are_spelled_out(attn: Run) -> None:
    shown = text_of(attn("explain", "猫 é", "--seed", "0", "--ascii"))
    assert "0 \\u732b" in shown
    assert "1 \\u00e9" in shown
    assert "S' = S / sqrt d_k" in shown
    assert "Q K^T" in shown
    assert "_cat" in text_of(attn("tokens", "The cat", "--ascii"))


def test_an_output_that_lacks_characters_gets_what_it_has(attn: Run) -> None:
    shown = attn("explain", "猫 é", "--seed", "0", anew=True, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert text_of(shown) == text_of(attn("explain", "猫 é", "--seed", "0", "--ascii"))
    latin = attn("explain", "猫 é", "--seed", "0", anew=True, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert latin.returncode == 0
    assert "1 é" in latin.stdout.decode("latin-1")
    assert "\\u732b" in latin.stdout.decode("latin-1")
    japanese = attn("explain", "猫 é", "--seed", "0", anew=True, PYTHONIOENCODING="euc-jp", PYTHONUTF8="0")
    assert "0 猫" in japanese.stdout.decode("euc-jp")


def test_captions_are_english_and_files_can_be_ascii(attn: Run, tmp_path: Path) -> None:
    assert text_of(attn("tokens", "a", "--ascii", LANGUAGE="ja")) == text_of(attn("tokens", "a", "--ascii"))
    text_of(attn("tokens", "é", "--ascii", "-o", "tokens.txt"))
    assert (tmp_path / "tokens.txt").read_bytes().isascii()


def test_what_ascii_cannot_do_is_refused(attn: Run) -> None:
    assert "json is none" in error_of(attn("tokens", "a", "--ascii", "--json"), 2)
    done = attn("tokens", "a", "--ascii", "--lang", "ja")
    assert done.returncode == 2
    assert "--ascii では --lang ja の説明を表示できません" in done.stderr.decode()
