"""What a checkpoint is, from its headers alone: whole, and fast."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import attncli
from tests.support.checkpoints import write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(folder.parent.name for folder in GOLDEN.glob("*/config.json"))


@pytest.mark.parametrize("case", CASES)
def test_every_golden_checkpoint_is_described_whole(case: str) -> None:
    described = attncli.describe(GOLDEN / case)
    assert described.refusal is None
    assert described.fit is not None
    assert described.fit.missing == ()
    assert described.fit.misfits == ()
    assert described.traits is not None
    assert described.stages("")
    assert 0 < described.fit.parameters <= described.numbers
    left = sum(int(np.prod(shape)) for shape in described.fit.unused.values())
    assert described.fit.parameters + left == described.numbers


def test_no_number_of_a_checkpoint_is_read(tmp_path: Path) -> None:
    """A file that says it holds 50 GB, with nothing on the disk, is described as quickly as any other."""
    folder = write_gpt2(tmp_path / "m", vocab_size=1 << 30)
    file = folder / "model.safetensors"
    raw = file.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    old = header["wte.weight"]["data_offsets"]
    grown = 12 * 4 * (1 << 30) - (old[1] - old[0])
    for name, entry in header.items():
        if name != "__metadata__" and entry["data_offsets"][0] >= old[1]:
            entry["data_offsets"] = [offset + grown for offset in entry["data_offsets"]]
    header["wte.weight"] |= {"shape": [1 << 30, 12], "data_offsets": [old[0], old[1] + grown]}
    text = json.dumps(header).encode()
    with file.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        out.truncate(8 + len(text) + len(raw) - 8 - size + grown)
    described = attncli.describe(folder)
    assert described.fit is not None
    assert described.fit.misfits == ()
    assert described.fit.parameters > 12 * (1 << 30)


def test_thousands_of_tensors_take_a_moment(tmp_path: Path) -> None:
    layers = 300
    arrays = {"embed_tokens.weight": np.zeros((5, 4), np.float32), "norm.weight": np.zeros(4, np.float32)}
    for i in range(layers):
        at = f"layers.{i}."
        arrays |= {f"{at}self_attn.{n}_proj.weight": np.zeros((4, 4), np.float32) for n in "qkvo"}
        arrays |= {f"{at}mlp.{n}_proj.weight": np.zeros((4, 4), np.float32) for n in ("gate", "up", "down")}
        arrays |= {
            f"{at}{n}.weight": np.zeros(4, np.float32) for n in ("input_layernorm", "post_attention_layernorm")
        }
    names = sorted(arrays)
    shards = {f"model-{i}.safetensors": names[i::8] for i in range(8)}
    for file, chosen in shards.items():
        save_file({name: arrays[name] for name in chosen}, tmp_path / file)
    index = {"weight_map": {name: file for file, chosen in shards.items() for name in chosen}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"model_type": "llama", "hidden_size": 4, "num_attention_heads": 2, "intermediate_size": 4}
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": layers, "vocab_size": 5}))
    attncli.describe(tmp_path)  # what is imported along the way is no part of the time
    started = time.process_time()
    described = attncli.describe(tmp_path)
    taken = time.process_time() - started
    assert described.fit is not None
    assert described.fit.missing == ()
    assert len(described.stored) == len(arrays)
    assert taken < 1  # a tenth of it, on a machine that does nothing else
