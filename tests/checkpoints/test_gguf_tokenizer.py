"""The tokenizer in a GGUF file gives the tokens of the model's own tokenizer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import attncli
from attncli.checkpoints.gguf_file import read_gguf
from attncli.checkpoints.gguf_tokenizer import tokenizer_of
from tests.conftest import Run, error_of
from tests.support.gguf_files import (
    KINDS,
    SCORES,
    VOCABULARY,
    WORDS,
    byte_pairs,
    finish,
    gpt2_vocabulary,
    pieces,
    write,
)
from tests.support.oracle import assert_agrees
from tests.support.tensor_files import GOLDEN


@pytest.mark.parametrize("pre", ["gpt-2", None])
def test_byte_pairs_give_the_ids_of_the_reference(tmp_path: Path, pre: str | None) -> None:
    folder = GOLDEN / "gpt2-merges"
    metadata = byte_pairs(*gpt2_vocabulary(), ["<|endoftext|>"], pre)
    file = write(tmp_path / "m.gguf", folder, metadata)
    loaded = attncli.load_model(file)
    for text, ids in json.loads((folder / "ids.json").read_text("utf-8")).items():
        assert list(attncli.tokenize(loaded, text).ids) == ids, text
    asked = json.loads((folder / "input.json").read_text("utf-8"))
    assert_agrees(file, asked, load_file(folder / "expected.safetensors"))


@pytest.mark.parametrize(
    ("pre", "text", "cut"),
    [
        ("gpt-2", "it's 1234\n\n x", ["it", "'s", " 1234", "\n\n", " x"]),
        ("llama-bpe", "It'S 12345!\n\n x", ["It", "'S", " ", "123", "45", "!\n\n", " x"]),
        ("qwen2", "It'S 123(x)", ["It", "'S", " ", "1", "2", "3", "(x", ")"]),
        ("smollm", "a 12's", ["a", " ", "1", "2", "'s"]),
        ("tekken", "aB CDe 12/\n", ["a", "B", " CDe", " ", "1", "2", "/\n"]),
        ("gpt-4o", "aB's CDe 1234", ["a", "B's", " CDe", " ", "123", "4"]),
    ],
)
def test_text_is_split_by_the_pre_tokenizer_of_the_vocabulary(
    tmp_path: Path, pre: str, text: str, cut: list[str]
) -> None:
    """With merges for every piece, each piece becomes one token."""
    tokens, _ = gpt2_vocabulary()
    alphabet = [t for t in tokens if len(t) == 1]
    spelled = dict(zip("\n ", "ĊĠ", strict=True))
    wholes, merges = [], []
    for piece in cut:
        letters = [spelled.get(c, c) for c in piece]
        for i in range(1, len(letters)):
            merges.append(f"{''.join(letters[:i])} {letters[i]}")
            wholes.append("".join(letters[: i + 1]))
    vocabulary = list(dict.fromkeys([*alphabet, *wholes]))

    def no_bos(writer: gguf.GGUFWriter) -> None:
        writer.add_add_bos_token(False)

    file = write(tmp_path / "m.gguf", GOLDEN / "gpt2-odd", byte_pairs(vocabulary, merges, [], pre), no_bos)
    assert [t.replace("Ċ", "\n") for t in attncli.tokenize(attncli.load_model(file), text).texts] == cut


def test_llama_3_adds_its_beginning_of_text_token(tmp_path: Path) -> None:
    tokens, merges = gpt2_vocabulary()

    def bos(writer: gguf.GGUFWriter) -> None:
        writer.add_bos_token_id(tokens.index("<|endoftext|>"))

    file = write(
        tmp_path / "m.gguf", GOLDEN / "gpt2-odd", byte_pairs(tokens, merges, ["<|endoftext|>"], "llama-bpe"), bos
    )
    loaded = attncli.load_model(file)
    assert attncli.tokenize(loaded, "the").texts[0] == "<|endoftext|>"
    assert attncli.tokenize(loaded, "the", special_tokens=False).texts[0] != "<|endoftext|>"


def sentence_piece(text: str, before: str = "▁") -> list[str]:
    """SentencePiece's algorithm: join the neighbors with the best score, the leftmost first, until none are
    left."""
    score = dict(zip(VOCABULARY, SCORES, strict=True))
    symbols = list((before + text).replace(" ", "▁"))
    while True:
        pairs = [(score["".join(p)], -i) for i, p in enumerate(itertools.pairwise(symbols)) if "".join(p) in WORDS]
        if not pairs:
            break
        left = -max(pairs)[1]
        symbols[left : left + 2] = ["".join(symbols[left : left + 2])]
    known = [[p] if p in WORDS else [f"<0x{b:02X}>" for b in p.encode()] for p in symbols]
    return [token for tokens in known for token in tokens]


@pytest.fixture(scope="module")
def with_pieces(tmp_path_factory: pytest.TempPathFactory) -> attncli.Model:
    file = tmp_path_factory.mktemp("gguf") / "m.gguf"
    return attncli.load_model(write(file, GOLDEN / "llama-bfloat16", pieces(VOCABULARY, SCORES, KINDS)))


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("the cat sé猫🙂"), min_size=1, max_size=12))
def test_scored_pieces_are_joined_as_by_sentence_piece(with_pieces: attncli.Model, text: str) -> None:
    tokens = attncli.tokenize(with_pieces, text)
    assert list(tokens.texts) == ["<s>", *sentence_piece(text)]
    assert list(tokens.ids) == [VOCABULARY.index(t) for t in tokens.texts]


def test_special_tokens_in_the_text_are_matched_whole(with_pieces: attncli.Model) -> None:
    assert list(attncli.tokenize(with_pieces, "cat</s>cat").texts) == ["<s>", "▁cat", "</s>", "▁cat"]


def test_flags_of_the_metadata_are_kept(tmp_path: Path) -> None:
    flags = {"add_bos_token": False, "add_eos_token": True, "add_space_prefix": False}
    file = write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", pieces(VOCABULARY, SCORES, KINDS, **flags))
    tokens = attncli.tokenize(attncli.load_model(file), "cat the")
    assert list(tokens.texts) == [*sentence_piece("cat the", before=""), "</s>"]


def test_gemma_joins_in_the_order_of_its_tokens_and_keeps_runs_of_spaces(tmp_path: Path) -> None:
    tokens = ["<unk>", "<bos>", "<eos>", "  ", "   ", "ab", "bc", "▁a", "a", "b", "c", "▁"]
    kinds = [2, 3, 3, 4, 4, *[1] * 7]
    scores = [0.0] * 5 + [-9.0, -1.0, -1.0, -5.0, -5.0, -5.0, -5.0]
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "gemma")
    pieces(tokens, scores, kinds, add_space_prefix=False)(writer)
    tokenizer = tokenizer_of(read_gguf(finish(writer, tmp_path / "m.gguf")))
    assert tokenizer.encode("abc   a c", None, True, None).texts == ("<bos>", "ab", "c", "▁▁▁", "a", "▁", "c")
    assert tokenizer.encode("a ab", None, False, None).texts == ("a", "▁", "ab")


def tokens_alone(kind: str, **lists: Sequence[Any]) -> Any:
    def add(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model(kind)
        for name, values in lists.items():
            writer.add_array(f"tokenizer.ggml.{name}", values)

    return add


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ((), "this one is None"),
        ((tokens_alone("bert", tokens=["a"]),), "this one is 'bert'"),
        ((tokens_alone("gpt2", tokens=["a"]),), "this one is 'gpt2' with None"),
        ((byte_pairs(["a"], [], [], "martian"),), "'gpt2' with 'martian'"),
        ((byte_pairs(["a"], ["b c"], [], "qwen2"),), "no tokenizer can be built"),
        ((byte_pairs(["a", "aa"], ["a a"], [], "llama-bpe"),), "bos_token_id is missing"),
        ((tokens_alone("llama", tokens=["a", "b"], scores=[1.0]),), "2 tokens but 1 scores"),
        ((tokens_alone("llama", tokens=["a"], scores=[1.0]),), "token_type"),
        ((tokens_alone("llama"),), "tokens is missing"),
    ],
)
def test_an_unknown_or_broken_tokenizer_is_named(attn: Run, tmp_path: Path, metadata: Any, says: str) -> None:
    write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", *metadata)
    message = error_of(attn("explain", "the cat", "-m", "m.gguf"), 1)
    assert says in message
    assert "m.gguf" in message
