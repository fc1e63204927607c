"""MPT: the slopes of its heads, and the fields within attn_config."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import attncli
from attncli.errors import AttnError
from attncli.family.mpt import slopes
from tests.support.checkpoints import changed_golden


def test_a_field_within_a_field_can_be_ignored(tmp_path: Path) -> None:
    folder = changed_golden("mpt-published", tmp_path, attn_config={"new": 1})
    with pytest.raises(AttnError, match="new"):
        attncli.load_model(folder)
    assert attncli.load_model(folder, ignore_config=["new"]).spec.family == "mpt"


def test_slopes_of_mpt_are_steep_first_and_shallow_after() -> None:
    np.testing.assert_allclose(slopes(4, 8), [2**-2, 2**-4, 2**-6, 2**-8])
    np.testing.assert_allclose(slopes(3, 8), [2**-4, 2**-8, 2**-2])
    np.testing.assert_allclose(slopes(2, 16), [2**-8, 2**-16])
