"""What is special to encoders, beyond the numbers that the golden files hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.tracing import slabs
from tests.conftest import Run, error_of

GOLDEN = Path(__file__).parent.parent / "golden"


def changed(case: str, folder: Path, **fields: Any) -> str:
    """A golden case with other fields in its config.json."""
    shutil.copytree(GOLDEN / case, folder)
    config = json.loads((folder / "config.json").read_text()) | fields
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def test_the_limit_of_tokens_leaves_out_the_rows_before_the_first_position(attn: Run) -> None:
    model = ("-m", str(GOLDEN / "roberta-padding"), "--stage", "embed")  # 14 rows, padding 3
    assert attn("explain", "--ids", ",".join("9" * 10), *model).returncode == 0
    assert "more than the model's 10 positions" in error_of(
        attn("explain", "--ids", ",".join("9" * 11), *model), 2
    )


@pytest.mark.parametrize(
    ("case", "fields", "says"),
    [
        ("roberta-tied", {"pad_token_id": -1}, "pad_token_id is -1"),
        ("roberta-tied", {"pad_token_id": 13}, "pad_token_id is 13"),
        ("roberta-tied", {"position_embedding_type": "relative_key"}, "position_embedding_type"),
        ("roberta-tied", {"add_cross_attention": True}, "add_cross_attention"),
        ("mpnet-tied", {"relative_attention_num_buckets": 31}, "relative_attention_num_buckets is 31"),
        ("modernbert-tied", {"layer_types": ["sliding_attention"]}, "layer_types"),
        ("modernbert-tied", {"rope_scaling": {"rope_type": "linear", "factor": 2.0}}, "rope_scaling"),
        ("modernbert-tied", {"rope_parameters": {"rope_theta": 5.0}}, "rope_parameters"),
        ("deberta-v2-older", {"conv_kernel_size": 3}, "conv_kernel_size = 3"),
        ("deberta-v2-older", {"position_buckets": 1}, "position_buckets is 1"),
        ("deberta-v2-older", {"position_buckets": 70}, "position_buckets is 70"),
        ("deberta-v2-older", {"pos_att_type": 2}, "pos_att_type is 2"),
        ("deberta-v2-version-3", {"embedding_size": 10}, "embedding_size"),
        ("distilbert-tied", {"is_decoder": True}, "is_decoder"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused_by_name(
    attn: Run, tmp_path: Path, case: str, fields: dict[str, Any], says: str
) -> None:
    model = changed(case, tmp_path / "m", **fields)
    assert says in error_of(attn("explain", "--ids", "1,2", "-m", model), 1)


def test_no_base_of_their_own_gives_the_windows_of_modernbert_that_of_the_whole_text(tmp_path: Path) -> None:
    def rotated(**fields: Any) -> Any:
        folder = changed("modernbert-tied", tmp_path / str(len(list(tmp_path.iterdir()))), **fields)
        name = "layers.1.attn.q_rotated"
        return attncli.trace(ids=[7, 3, 9], model=attncli.load_model(folder), stages=[name])[name].values

    same = rotated(local_rope_theta=None)
    np.testing.assert_array_equal(same, rotated(local_rope_theta=900.0))
    assert not np.array_equal(same, rotated())


def test_debertas_own_head_is_read_only_where_the_config_says_so(tmp_path: Path) -> None:
    """The published files are older than the field `legacy`; the reference does not read their head either."""
    folder = changed("deberta-v2-version-3", tmp_path / "m", legacy=None, pos_att_type="p2c|c2p")
    trace = attncli.trace(ids=[7, 3, 9], model=attncli.load_model(folder))
    expected = attncli.trace(ids=[7, 3, 9], model=attncli.load_model(GOLDEN / "deberta-v2-version-3"))
    np.testing.assert_array_equal(trace["final"].values, expected["final"].values)
    assert "logits" in expected
    assert "logits" not in trace


@pytest.mark.parametrize("case", ["deberta-v2-own-keys", "mpnet-tied"])
def test_what_the_distances_add_is_the_same_for_some_heads_and_queries(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ids = attncli.load_model(GOLDEN / case), [7, 3, 0, 7, 39, 12, 25]
    names = [f"layers.1.attn.{stage}" for stage in ("content_to_position", "position_to_content", "biased")]
    whole = attncli.trace(ids=ids, model=model)
    names = [name for name in names if name in whole]
    monkeypatch.setattr(slabs, "SLAB", 12)  # a row or two at a time
    some = attncli.trace(ids=ids, model=model, stages=names, heads=[0, 2], queries=[1, 4, 6])
    for name in names:
        np.testing.assert_allclose(some[name].values, whole[name].values[np.ix_([0, 2], [1, 4, 6])], atol=1e-5)
