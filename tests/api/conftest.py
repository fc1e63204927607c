"""What the tests of the Python API share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def t5() -> str:
    return str(Path(__file__).parent.parent / "golden" / "t5-text")
