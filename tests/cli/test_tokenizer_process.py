"""A vocabulary so large that a second process reads it gives what it gives when it is read here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from attncli.cli import ahead
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import WORDS, write_gpt2


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A model whose tokenizer.json is large; only the first words have rows in its embedding."""
    folder = write_gpt2(tmp_path / "large")
    words = [*WORDS, "猫", *(f"word-{i}-{'x' * 20}" for i in range(20_000))]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    assert (folder / "tokenizer.json").stat().st_size > ahead.WORTHWHILE
    return folder


def one_process(folder: Path) -> tuple[str, ...]:
    """Options by which the same tokenizer is read in the one process."""
    return ("--tokenizer", str(folder / "tokenizer.json"))


@pytest.mark.parametrize("stage", ["weights", "probs", "all"])
def test_the_answer_is_the_same(attn: Run, large: Path, stage: str) -> None:
    command = ("explain", "the 猫 sat on the mat", "-m", str(large), "--stage", stage, "--top", "3", "--json")
    two, one = text_of(attn(*command)), text_of(attn(*command, *one_process(large)))
    assert json.loads(two) == json.loads(one)
    assert [t["text"] for t in json.loads(two)["tokens"]] == ["the", "猫", "sat", "on", "the", "mat"]


def test_truncation_and_standard_input_are_the_same(attn: Run, large: Path) -> None:
    command = ("explain", "-", "-m", str(large), "--truncate", "--json")
    text = b"the cat " * 20
    two, one = attn(*command, stdin=text), attn(*command, *one_process(large), stdin=text)
    assert json.loads(text_of(two)) == json.loads(text_of(one))


def test_what_is_wrong_is_told_as_ever(attn: Run, large: Path) -> None:
    assert "has id 4711" in error_of(attn("explain", "the word-4700-" + "x" * 20, "-m", str(large)), 2)
    assert "17 tokens" in error_of(attn("explain", "cat " * 17, "-m", str(large)), 2)
    assert "--pair" in error_of(attn("explain", "cat", "--pair", "mat", "-m", str(large)), 2)
    broken = (large / "tokenizer.json").read_text()[:-2]
    (large / "tokenizer.json").write_text(broken)
    assert "not a tokenizer that can be read" in error_of(attn("explain", "cat", "-m", str(large)), 1)
    (large / "config.json").unlink()
    assert "no config.json" in error_of(attn("explain", "cat", "-m", str(large)), 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the second process is for Linux")
def test_a_second_process_is_used_where_there_are_two_cores(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = {0, 1}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    file = large / "tokenizer.json"
    assert ahead._worthwhile(file)
    cores.pop()
    assert not ahead._worthwhile(file)
