"""Maps in files: SVG, HTML and PNG, whole or not at all."""

from __future__ import annotations

import json
import os
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import attncli
from tests.conftest import Run, error_of, text_of

SENTENCE = "The cat sat on the mat and the cat sat"
SVG = "{http://www.w3.org/2000/svg}"


SCRIPT = '<script>alert("1")</script> & ]]> 猫 %s'


def test_svg_is_well_formed_and_escaped(attn: Run, tmp_path: Path) -> None:
    text_of(attn("map", SCRIPT, "--seed", "0", "--layer", "0", "--head", "0", "-o", "map.svg"))
    root = ElementTree.parse(tmp_path / "map.svg").getroot()
    assert root.tag == SVG + "svg"
    assert {child.tag.removeprefix(SVG) for child in root.iter()} <= {
        "svg",
        "defs",
        "pattern",
        "rect",
        "path",
        "g",
        "text",
    }
    said = [text.text for text in root.iter(SVG + "text")]
    count = len(attncli.trace(SCRIPT, model=attncli.load_model(seed=0), stages=["embed"]).tokens or ())
    for label in ("1 script", f"{count - 3} 猫"):
        assert said.count(label) == 2  # along both sides
    assert any("hatched" in (text or "") for text in said)


def test_svg_draws_each_number_in_its_colour(attn: Run, tmp_path: Path) -> None:
    from attncli.render.page.colors import scale

    text_of(attn("map", "a b", "--seed", "0", "--layer", "0", "--head", "0", "-o", "map.svg"))
    group = next(ElementTree.parse(tmp_path / "map.svg").getroot().iter(SVG + "g"))
    r, g, b = scale(255, False)[-1]
    drawn = {path.get("fill"): path.get("d") for path in group}
    assert drawn[f"#{r:02x}{g:02x}{b:02x}"] == "M0 0h1v1h-1z"
    assert "".join(str(d) for d in drawn.values()).count("M") == 3  # the one that is not allowed is not drawn


class _Page(HTMLParser):
    """The scripts of a page, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.loads: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")
        self.loads += [v or "" for k, v in attributes if k in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def test_html_is_one_page_with_its_numbers(attn: Run, tmp_path: Path) -> None:
    text_of(attn("map", SCRIPT, "--seed", "0", "-o", "map.html"))
    page = _Page()
    page.feed((tmp_path / "map.html").read_text("utf-8"))
    assert page.loads == []
    data, program = page.scripts
    assert "alert" not in program
    held = json.loads(data)
    trace = attncli.trace(SCRIPT, model=attncli.load_model(seed=0), stages=["weights"])
    assert len(held["maps"]) == 4
    weights = trace["layers.0.attn.weights"].values[0]
    np.testing.assert_allclose(held["maps"][0]["values"][5][:6], weights[5, :6], rtol=1e-3)
    assert held["maps"][0]["values"][0][1] is None
    assert held["sections"][0]["columns"][0] == "key 0 <"


def png(file: Path) -> tuple[int, int]:
    """The size of a picture, all of whose parts must be whole."""
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, size = 8, (0, 0)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        at += 12 + length
    return size


def test_png_is_a_picture(attn: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = attn("map", "price $x^2$ 猫 _a_", "--seed", "0", "-o", "map.png", MPLCONFIGDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    width, height = png(tmp_path / "map.png")
    assert 400 < width < 4000
    assert 400 < height < 4000


def test_a_character_without_a_font_is_shown_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.font_manager import fontManager

    from attncli.language import ENGLISH, language
    from attncli.render.pictures.drawing import Drawing
    from attncli.render.pictures.figure import with_fonts

    monkeypatch.setattr(fontManager, "ttflist", [f for f in fontManager.ttflist if f.name.startswith("DejaVu")])
    for say in (ENGLISH, language("ja")):  # the note must be in characters that there are
        sheet = Drawing()
        sheet.text("猫 and dog")
        assert with_fonts(sheet, say) == ["DejaVu Sans Mono"]
        assert sheet.words[0].text == "\\u732b and dog"
        assert "This machine has no font" in sheet.words[1].text


def test_png_without_matplotlib_is_one_error(attn: Run, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    said = error_of(attn("map", "a b", "--seed", "0", "-o", "map.png", PYTHONPATH=path), 1)
    assert "pip install 'attncli[plot]'" in said
    assert not (tmp_path / "map.png").exists()


@pytest.mark.parametrize("ending", ["svg", "html", "json", "txt"])
def test_files_are_whole_or_not_at_all(attn: Run, tmp_path: Path, ending: str) -> None:
    error_of(attn("map", "a b", "--seed", "0", "-o", f"nowhere/map.{ending}"), 1)
    before = tmp_path / f"map.{ending}"
    before.write_text("before")
    error_of(attn("map", "a b", "-m", "nowhere", "-o", before.name), 1)
    assert before.read_text() == "before"
    text_of(attn("map", "a b", "--seed", "0", "-o", before.name))
    assert len(before.read_text("utf-8")) > 100
