"""docs/architecture.md shows the house as it is: its folders, their order, and every path that it names."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import architecture  # noqa: E402

PACKAGE = ROOT / "attncli"
AT_MOST = 400
"""Lines of a file of Python."""


def modules() -> set[str]:
    """The packages and modules directly below attncli."""
    packages = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    return packages | {file.stem for file in PACKAGE.glob("*.py") if not file.stem.startswith("__")}


def paths(text: str) -> set[str]:
    """What stands in backticks and begins with a folder of the repository."""
    roots = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    return set(re.findall(rf"`((?:{roots})/[\w./-]*)`", text)) | set(
        re.findall(rf"\]\(((?:{roots})[\w./-]*)\)", text)
    )


def test_the_layers_are_the_modules_of_the_package() -> None:
    named = [name for layer in architecture.layers() for name in layer]
    assert len(named) == len(set(named))
    assert set(named) == modules()


def test_the_page_lists_every_folder_in_the_order_of_the_layers() -> None:
    listed = list(architecture.listed())
    folders = {f"{file.parent.relative_to(PACKAGE)}/" for file in PACKAGE.rglob("__init__.py")} - {"./"}
    assert {name for name in listed if name.endswith("/")} == folders
    order = [name for layer in architecture.layers() for name in layer]
    top = [name.partition("/")[0].removesuffix(".py") for name in listed]
    assert [order.index(name) for name in top] == sorted(order.index(name) for name in top)
    for name in listed:
        assert (PACKAGE / name).exists()


@pytest.mark.parametrize("name", ["docs/architecture.md", "README.md"])
def test_every_path_that_is_named_exists(name: str) -> None:
    named = paths((ROOT / name).read_text("utf-8"))
    assert len(named) > 5
    assert {path for path in named if not (ROOT / path).exists() and "NAME" not in path} == set()


def test_the_picture_is_what_its_program_draws() -> None:
    assert architecture.PICTURE.read_text("utf-8") == architecture.drawn()
    assert f"]({architecture.PICTURE.name})" in architecture.PAGE.read_text("utf-8")
    folders = {name for _, names in architecture.PATH for name in names.split(" · ")}
    assert folders <= modules()


def test_the_readme_leads_to_the_page() -> None:
    assert "](docs/architecture.md)" in (ROOT / "README.md").read_text("utf-8")


def test_every_folder_of_tests_has_its_counterpart() -> None:
    beside = {"docs", "golden", "support"}
    for folder in (ROOT / "tests").glob("*/**/"):
        name = folder.relative_to(ROOT / "tests")
        if any(folder.glob("test_*.py")) and name.parts[0] not in beside:
            assert (PACKAGE / name).is_dir() or (PACKAGE / name).with_suffix(".py").is_file(), name


def test_no_file_is_longer_than_a_reader_holds_in_mind() -> None:
    files = [file for name in ("attncli", "tests", "tools", "benchmarks") for file in (ROOT / name).rglob("*.py")]
    lengths = {str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines()) for file in files}
    assert len(lengths) > 200
    assert {name: length for name, length in lengths.items() if length > AT_MOST} == {}
