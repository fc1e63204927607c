"""`-o FILE`: its ending sets the format, and it is a file like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run, text_of


@pytest.mark.parametrize("ending", ["json", "ndjson", "csv", "npz", "safetensors", "md", "txt"])
def test_the_ending_of_the_output_file_sets_the_format(attn: Run, tmp_path: Path, ending: str) -> None:
    text_of(attn("explain", "a b", "-o", f"out.{ending}"))
    name = {"txt": "table"}.get(ending, ending)
    piped = attn("explain", "a b", "--format", name).stdout
    written = (tmp_path / f"out.{ending}").read_bytes()
    assert piped[:200] == written[:200]
    assert len(piped) == len(written)


def test_output_files_have_ordinary_permissions(attn: Run, tmp_path: Path) -> None:
    text_of(attn("explain", "a b", "-o", "out.json"))
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "out.json").stat().st_mode == (tmp_path / "plain").stat().st_mode
