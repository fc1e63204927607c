"""`-o FILE`: its ending sets the format, and it is a file like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from attncli.render.page.formats import FORMATS, WITHOUT_ARRAYS, endings_of, formats_of
from tests.conftest import Run, error_of, text_of

WRITERS = {
    "explain": ("explain", "a b"),
    "map": ("map", "a b"),
    "tokens": ("tokens", "a b"),
    "versus": ("versus", "a b", "--only", "order"),
    "pe": ("pe", "--dim", "4", "--length", "2"),
    "model": ("model", "story"),
    "families": ("families", "gpt2"),
    "stages": ("stages", "weights"),
}
"""A short call of every command that writes files."""


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


@pytest.mark.parametrize("name", ["a.jpg", "x.parquet", "t.npy", "a.json.gz", "out", ".hidden"])
@pytest.mark.parametrize("command", WRITERS)
def test_a_name_that_means_no_format_is_refused_with_those_that_do(
    attn: Run, tmp_path: Path, command: str, name: str
) -> None:
    said = error_of(attn(*WRITERS[command], "-o", name), 2)
    assert f"-o {name}: " in said
    assert " ".join(endings_of(command)) in said
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", WRITERS)
def test_a_command_writes_every_format_that_it_is_said_to_write_and_no_other(
    attn: Run, tmp_path: Path, command: str
) -> None:
    pytest.importorskip("matplotlib")
    for format_, ending in ((name, known.suffixes[-1]) for name, known in FORMATS.items()):
        done = attn(*WRITERS[command], "-o", f"out{ending}")
        if format_ in formats_of(command):
            assert done.returncode == 0, done.stderr
            assert (tmp_path / f"out{ending}").stat().st_size > 0
        else:
            assert f"does not write {ending} files" in error_of(done, 2)


def test_arrays_are_for_the_commands_that_have_some() -> None:
    assert {name for name in WRITERS if "npz" not in formats_of(name)} == set(WITHOUT_ARRAYS)


def test_the_named_format_is_written_where_the_ending_means_none(attn: Run, tmp_path: Path) -> None:
    for name in ("out", "a.jpg", "a.txt"):
        text_of(attn("explain", "a b", "--json", "-o", name))
        assert (tmp_path / name).read_bytes() == attn("explain", "a b", "--json").stdout


@pytest.mark.parametrize(
    ("format_", "name", "instead"),
    [("csv", "a.json", "a.csv"), ("svg", "a.png", "a.svg"), ("table", "a.md", "a.txt"), ("npz", "a.txt", "a.npz"),
     ("ndjson", "a.json", "a.ndjson")],
)  # fmt: skip
def test_an_ending_that_means_another_format_than_the_named_one_is_refused(
    attn: Run, tmp_path: Path, format_: str, name: str, instead: str
) -> None:
    said = error_of(attn("map", "a b", "--format", format_, "-o", name), 2)
    assert f"--format {format_} and -o {name} contradict each other" in said
    assert f"name the file {instead}" in said
    assert not any(tmp_path.iterdir())


def test_a_device_needs_no_ending(attn: Run) -> None:
    assert text_of(attn("tokens", "a b", "-o", "/dev/stdout")) == text_of(attn("tokens", "a b"))
    assert text_of(attn("tokens", "a b", "-o", "-")) == text_of(attn("tokens", "a b"))
