"""An unsupported value is an error that names the field, never a wrong number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import attncli
from attncli.errors import AttnError

GOLDEN = Path(__file__).parent.parent / "golden"
REFUSED = [
    ("phi3-long", "lm_head_bias", True),
    ("phi3-long", "interpolate_factor", 2),
    ("gpt-oss-plain", "hidden_act", "gelu"),
    ("gpt-oss-plain", "layer_types", ["full_attention", "chunked_attention", "full_attention"]),
    ("gpt-oss-plain", "sliding_window", None),
    ("deepseek-v2-greedy", "topk_method", "noaux_tc"),
    ("deepseek-v2-greedy", "norm_topk_prob", True),
    ("deepseek-v2-greedy", "scoring_func", "sigmoid"),
    ("deepseek-v2-greedy", "num_key_value_heads", 1),
    ("deepseek-v2-groups", "n_group", 4),
    ("deepseek-v3-groups", "scoring_func", "softmax"),
    ("deepseek-v3-groups", "moe_layer_freq", 2),
    ("deepseek-v3-groups", "num_experts_per_tok", 5),
    ("deepseek-v3-groups", "n_group", None),
    ("granite-tied", "logits_scaling", 0),
    ("smollm3-listed", "no_rope_layers", [1]),
    ("granite-tied", "an_unheard_of_field", 3),
]


@pytest.mark.parametrize(("case", "field", "value"), REFUSED, ids=str)
def test_the_error_names_the_field(tmp_path: Path, case: str, field: str, value: Any) -> None:
    folder = tmp_path / case
    shutil.copytree(GOLDEN / case, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {field: value}))
    with pytest.raises(AttnError, match=field):
        attncli.load_model(folder)
