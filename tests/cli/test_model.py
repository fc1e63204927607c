"""`attn model`: what a checkpoint is: sizes, parts, tensors, stages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import tensors, write_gpt2
from tests.support.documents import document

GOLDEN = Path(__file__).parent.parent / "golden"
SAMPLE = str(Path(__file__).parent.parent.parent / "samples" / "exercise.npz")


def test_a_checkpoint_says_its_sizes_tensors_and_stages(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "llama-grouped"))
    assert said["family"] == "llama"
    assert said["name"] == "llama-grouped"
    assert said["sizes"] == {
        "layers": 2, "heads": 3, "kv_heads": 1, "d_model": 24, "d_head": 10, "d_ff": 30, "vocab": 47,
        "positions": "rotary", "max_positions": 32, "causal": True,
    }  # fmt: skip
    file = GOLDEN / "llama-grouped" / "model.safetensors"
    arrays = load_file(file)
    assert said["parameters"] == sum(a.size for a in arrays.values())
    assert said["tensors"] == {
        "count": len(arrays),
        "numbers": said["parameters"],
        "dtypes": [{"dtype": "F32", "tensors": len(arrays), "numbers": said["parameters"]}],
    }
    assert said["files"] == [{"name": "model.safetensors", "bytes": file.stat().st_size}]
    assert said["missing"] == said["left_over"] == said["misfits"] == []
    ((kind,),) = (stack["kinds"] for stack in said["stacks"])
    assert kind["layers"] == [0, 1]
    assert kind["grouping"] == "multi-query"
    assert "attn.q_rotated" in kind["stages"]
    assert said["stages"] == ["embed.tokens", "embed", "final", "logits", "probs"]


def test_the_stages_are_those_that_explain_offers(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    said = document(attn, "model", "m")
    traced = json.loads(
        text_of(attn("explain", "--ids", "1", "-m", "m", "--layer", "all", "--stage", "all", "--json"))
    )
    (kind,) = said["stacks"][0]["kinds"]
    offered = {f"layers.{n}.{name}" for n in kind["layers"] for name in kind["stages"]} | set(said["stages"])
    assert offered - {f"layers.{n}.attn.heads" for n in (0, 1)} == {s["name"] for s in traced["stages"]}


def test_a_tied_embedding_counts_once(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    assert document(attn, "model", "m")["parameters"] == sum(a.size for a in tensors().values())
    write_gpt2(tmp_path / "own", {"lm_head.weight": np.zeros((20, 12), np.float32)})
    assert document(attn, "model", "own")["parameters"] == sum(a.size for a in tensors().values()) + 240


def test_shards_and_types_are_counted(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "llama-sharded"))
    assert [file["name"] for file in said["files"]] == [
        f"model-0000{i}-of-00004.safetensors" for i in (1, 2, 3, 4)
    ]
    assert said["bytes"] == sum(file["bytes"] for file in said["files"])
    assert [t["dtype"] for t in said["tensors"]["dtypes"]] == ["BF16"]
    assert "4 files" in text_of(attn("model", str(GOLDEN / "llama-sharded")))


def test_missing_and_left_over_tensors_are_named(attn: Run, tmp_path: Path) -> None:
    extra = {f"h.{i}.attn.extra": np.zeros((2, 3), np.float32) for i in (0, 1)}
    write_gpt2(tmp_path / "m", {"h.1.attn.c_attn.weight": None, **extra})
    said = document(attn, "model", "m")
    assert said["missing"] == ["h.1.attn.c_attn.weight"]
    assert said["left_over"] == [{"name": name, "shape": [2, 3]} for name in extra]
    table = text_of(attn("model", "m"))
    assert "h.1.attn.c_attn.weight" in table
    assert "h.{0-1}.attn.extra (2)" in table


def test_a_tensor_that_does_not_fit_is_told_with_both_shapes(attn: Run, tmp_path: Path) -> None:
    wrong = {"wpe.weight": np.zeros((16, 11), np.float32), "h.0.attn.c_attn.bias": np.zeros(35, np.float32)}
    write_gpt2(tmp_path / "m", wrong)
    told = document(attn, "model", "m")["misfits"]
    assert any("wpe.weight has shape [16, 11]" in text and "[16, 12]" in text for text in told)
    assert any("h.0.attn.c_attn.bias has shape [35]" in text for text in told)


def test_layers_that_differ_are_told_apart(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "gpt2-by-layer"))
    assert [kind["layers"] for kind in said["stacks"][0]["kinds"]] == [[0], [1], [2]]
    table = text_of(attn("model", str(GOLDEN / "gpt2-by-layer")))
    assert "│ layer 1 " in table
    assert "scores times 0.223607, not 1 / √d_k" in table


@pytest.mark.parametrize(
    ("config", "says", "known"),
    [
        ({"secret_sauce": 3}, "secret_sauce", True),
        ({"model_type": "gpt3"}, "'gpt3' is not a family", False),
        ({"add_cross_attention": True}, "add_cross_attention", False),
    ],
)
def test_what_attn_refuses_is_described_by_its_headers(
    attn: Run, tmp_path: Path, config: dict[str, Any], says: str, known: bool
) -> None:
    write_gpt2(tmp_path / "m", **config)
    said = document(attn, "model", "m", code=1)
    assert says in said["refusal"]
    assert said["tensors"]["numbers"] == sum(a.size for a in tensors().values())
    assert (said["sizes"] is not None) == known
    done = attn("model", "m")
    assert done.returncode == 1
    assert says in done.stderr.decode()
    assert done.stderr.startswith(b"attn: error: ")
    assert "28: 28 F32" in done.stdout.decode()


def test_a_field_that_is_waved_through_is_no_refusal(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", secret_sauce=3)
    assert document(attn, "model", "m", "--ignore-config", "secret_sauce")["refusal"] is None


def test_a_folder_without_config_is_described_by_its_headers(attn: Run, tmp_path: Path) -> None:
    (write_gpt2(tmp_path / "m") / "config.json").unlink()
    said = document(attn, "model", "m", code=1)
    assert "has no config.json" in said["refusal"]
    assert said["tensors"]["count"] == len(tensors())


def test_nothing_to_describe_is_one_error(attn: Run, tmp_path: Path) -> None:
    file = write_gpt2(tmp_path / "m") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "not a complete safetensors file" in error_of(attn("model", "m"), 1)
    assert "no such file or folder" in error_of(attn("model", "nothing.safetensors"), 2)
    (tmp_path / "empty").mkdir()
    assert "has no config.json" in error_of(attn("model", "empty"), 1)


def test_one_layer_of_the_users_own(attn: Run, tmp_path: Path) -> None:
    said = document(attn, "model", SAMPLE)
    assert said["family"] == "layer"
    assert said["sizes"]["d_model"] == 2
    with np.load(SAMPLE) as file:
        assert said["parameters"] == sum(file[name].size for name in file.files)
        assert {t["dtype"] for t in said["tensors"]["dtypes"]} == {f"F{8 * file['w_q'].dtype.itemsize}"}
    save_file({"w_q": np.zeros((2, 2), np.float32)}, tmp_path / "part.safetensors")
    said = document(attn, "model", "part.safetensors", code=1)
    assert "no array w_k" in said["refusal"]
    assert said["tensors"]["count"] == 1


def test_an_array_of_objects_is_refused_before_anything_is_shown(attn: Run, tmp_path: Path) -> None:
    eye = np.eye(2)
    np.savez(tmp_path / "m.npz", w_q=np.array([[1, 2], [3, None]], object), w_k=eye, w_v=eye)
    assert "w_q cannot be read" in error_of(attn("explain", "a", "-m", "m.npz"), 1)
    assert "w_q cannot be read" in error_of(attn("model", "m.npz"), 1)


@pytest.mark.parametrize(
    ("case", "kind"), [("bert-pair", "WordPiece (vocab.txt)"), ("gpt2-merges", "BPE (vocab.json, merges.txt)")]
)
def test_the_kind_of_tokenizer_is_told(attn: Run, tmp_path: Path, case: str, kind: str) -> None:
    assert document(attn, "model", str(GOLDEN / case))["tokenizer"] == kind
    write_gpt2(tmp_path / "m")
    assert document(attn, "model", "m")["tokenizer"] == "WordLevel (tokenizer.json)"
    (tmp_path / "m" / "tokenizer.json").unlink()
    assert document(attn, "model", "m")["tokenizer"] is None


def test_csv_has_every_word_and_number_of_the_json(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "bert-tied"))
    rows = dict(csv.reader(io.StringIO(text_of(attn("model", str(GOLDEN / "bert-tied"), "--format", "csv")))))
    assert rows["parameters"] == str(said["parameters"])
    assert rows["stacks.0.kinds.0.mask"] == "every key"
    assert rows["left_over.0.name"] == said["left_over"][0]["name"]


def test_long_lists_are_cut_short_unless_all_is_asked_for(attn: Run, tmp_path: Path) -> None:
    extra = {f"extra_{chr(97 + i)}": np.zeros(1, np.float32) for i in range(12)}
    write_gpt2(tmp_path / "m", extra)
    assert "and 4 more" in text_of(attn("model", "m"))
    assert "extra_l" in text_of(attn("model", "m", "--full"))
