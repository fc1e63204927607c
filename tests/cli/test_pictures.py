"""The options of pictures: they do what they say, or are refused where they would do nothing."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import Run, error_of, text_of

TEXT = "The cat sat"
ONE = ("map", TEXT, "--layer", "1", "--head", "0")


def test_size_colors_and_title_reach_the_picture(attn: Run, tmp_path: Path) -> None:
    text_of(attn(*ONE, "--size", "85x60mm", "--colors", "gray", "--title", "猫 title", "-o", "map.svg"))
    picture = (tmp_path / "map.svg").read_text("utf-8")
    assert (ElementTree.fromstring(picture).get("width"), "猫 title" in picture) == ("85mm", True)
    text_of(attn(*ONE, "--colors", "gray", "--title", "my title", "-o", "map.html"))
    assert "<h1>my title</h1>" in (tmp_path / "map.html").read_text("utf-8")


@pytest.mark.parametrize("command", [("explain", TEXT), ("tokens", TEXT), ("families",), ("pe", "--map"), ("pe",)])
def test_every_command_draws_a_pdf(attn: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    pytest.importorskip("matplotlib")
    text_of(attn(*command, "--size", "120mm", "-o", "page.pdf"))
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*ONE, "--size", "85mm"), "--size has no effect on table"),
        ((*ONE, "--size", "85mm", "-o", "map.html"), "--size has no effect on html"),
        ((*ONE, "--colors", "gray", "--json"), "--colors has no effect on json"),
        ((*ONE, "--title", "x", "-o", "map.csv"), "--title has no effect on csv"),
        (("explain", TEXT, "--colors", "gray", "-o", "page.html"), "--colors has no effect on html"),
        (("tokens", TEXT, "--title", "x"), "--title has no effect on table"),
        ((*ONE, "--size", "85", "-o", "map.svg"), "--size '85' is not the size of a picture"),
        ((*ONE, "--size", "0x5mm", "-o", "map.svg"), "85x60mm"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    attn: Run, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    assert says in error_of(attn(*arguments), 2)
    assert list(tmp_path.iterdir()) == []
