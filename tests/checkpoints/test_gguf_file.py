"""GGUF files on the command line; broken and unsupported ones are refused by name."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import gguf
import numpy as np
import pytest

import attncli
from attncli.checkpoints.gguf_file import read_gguf
from attncli.errors import AttnError
from tests.conftest import Run, error_of, text_of
from tests.support.gguf_files import (
    KINDS,
    SCORES,
    VOCABULARY,
    byte_pairs,
    finish,
    gpt2_vocabulary,
    pieces,
    write,
)
from tests.support.tensor_files import GOLDEN


def test_the_command_line_takes_a_file(attn: Run, tmp_path: Path) -> None:
    folder = GOLDEN / "gpt2-merges"
    write(tmp_path / "m.Q8_0.gguf", folder, byte_pairs(*gpt2_vocabulary(), ["<|endoftext|>"], "gpt-2"))
    of_file = json.loads(text_of(attn("explain", "The cat", "-m", "m.Q8_0.gguf", "--layer", "1", "--json")))
    of_folder = json.loads(text_of(attn("explain", "The cat", "-m", str(folder), "--layer", "1", "--json")))
    assert of_file["model"]["name"] == "m.Q8_0.gguf"
    assert of_file["tokens"] == of_folder["tokens"]
    assert [s["shape"] for s in of_file["stages"]] == [s["shape"] for s in of_folder["stages"]]
    assert text_of(attn("tokens", "The cat", "-m", "m.Q8_0.gguf"))
    described = json.loads(text_of(attn("model", "m.Q8_0.gguf", "--json")))
    assert described["family"] == "gpt2"
    assert described["parameters"] == json.loads(text_of(attn("model", str(folder), "--json")))["parameters"]
    assert text_of(attn("pe", "--model", "m.Q8_0.gguf", "--position", "0-2"))
    assert "--heads is for seeded weights" in error_of(
        attn("explain", "a", "-m", "m.Q8_0.gguf", "--heads", "2"), 2
    )


def test_a_file_cut_short_is_refused(attn: Run, tmp_path: Path) -> None:
    vocabulary = pieces(VOCABULARY, SCORES, KINDS)
    content = write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", vocabulary).read_bytes()
    assert read_gguf(tmp_path / "m.gguf").get("llama.block_count") == 2
    for size in [*range(1, 60), *range(60, len(content) - 1, 397), len(content) - 1]:
        (tmp_path / "m.gguf").write_bytes(content[:size])
        with pytest.raises(AttnError, match=r"m\.gguf is not a (complete )?GGUF file"):
            read_gguf(tmp_path / "m.gguf")
    assert "cut short" in error_of(attn("explain", "the cat", "-m", "m.gguf"), 1)


def test_a_damaged_header_gives_a_model_or_an_error(tmp_path: Path) -> None:
    """With any byte of the header changed, loading gives a model or an AttnError."""
    content = write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16").read_bytes()
    chance = random.Random(0)
    for _ in range(400):
        changed = bytearray(content)
        changed[chance.randrange(1400)] = chance.choice([0, 1, 4, 9, 127, 255])
        (tmp_path / "m.gguf").write_bytes(changed)
        with contextlib.suppress(AttnError):
            attncli.trace(ids=[1, 2], model=attncli.load_model(tmp_path / "m.gguf"), stages=["embed"])


def test_a_file_of_another_format_is_refused(attn: Run, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_text("hello")
    assert "m.gguf is not a GGUF file" in error_of(attn("explain", "the cat", "-m", "m.gguf"), 1)
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + (1).to_bytes(4, "little"))
    assert "version 1" in error_of(attn("explain", "the cat", "-m", "m.gguf"), 1)
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "big"))
    assert "big-endian" in error_of(attn("explain", "the cat", "-m", "m.gguf"), 1)
    assert "no such file" in error_of(attn("explain", "the cat", "-m", "n.gguf"), 2)


def test_unknown_traits_are_refused_by_name(attn: Run, tmp_path: Path) -> None:
    def experts(writer: gguf.GGUFWriter) -> None:
        writer.add_expert_count(8)

    write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", experts)
    message = error_of(attn("explain", "--ids", "1", "-m", "m.gguf"), 1)
    assert "'llama.expert_count' = 8" in message
    assert text_of(attn("explain", "--ids", "1", "-m", "m.gguf", "--ignore-config", "llama.expert_count"))

    def tensor(writer: gguf.GGUFWriter) -> None:
        writer.add_tensor("blk.0.attn_sinks.weight", np.ones(6, np.float32))

    write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", tensor)
    assert "does not know the tensor blk.0.attn_sinks.weight" in error_of(
        attn("explain", "--ids", "1", "-m", "m.gguf"), 1
    )

    def part(writer: gguf.GGUFWriter) -> None:
        writer.add_uint16("split.count", 3)

    write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16", part)
    assert "one of 3 parts" in error_of(attn("explain", "--ids", "1", "-m", "m.gguf"), 1)
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "mamba")
    finish(writer, tmp_path / "m.gguf")
    assert "does not read architecture 'mamba'" in error_of(attn("explain", "--ids", "1", "-m", "m.gguf"), 1)


def test_without_the_package_the_error_says_what_to_install(attn: Run, tmp_path: Path) -> None:
    write(tmp_path / "m.gguf", GOLDEN / "llama-bfloat16")
    hide = "import sys; sys.modules['gguf'] = None"
    (tmp_path / "sitecustomize.py").write_text(hide)
    path = f"{tmp_path}:{Path(attncli.__file__).parent.parent}"
    message = error_of(attn("explain", "--ids", "1", "-m", "m.gguf", PYTHONPATH=path), 1)
    assert "pip install 'attncli[gguf]'" in message
