"""`attn pe --map` and `--similarity`: encodings as pictures, and their dot products."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from rich.cells import cell_len

from attncli.insights.encodings import planned_map, pooled_map, sinusoidal
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import write_gpt2
from tests.support.documents import document

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "alibi"])
@pytest.mark.parametrize("format_", ["text", "svg", "html", "json"])
def test_encodings_are_drawn(attn: Run, tmp_path: Path, kind: str, format_: str) -> None:
    made = text_of(attn("pe", "--kind", kind, "--length", "9", "--map", "--format", format_))
    if format_ == "json":
        names = {
            "sinusoidal": ["pe.sinusoidal"],
            "rotary": ["pe.angles", "pe.cos", "pe.sin"],
            "alibi": ["pe.bias"],
        }
        held = json.loads(made)
        jsonschema.validate(held, json.loads(text_of(attn("schema", "map"))))
        assert [section["name"] for section in held["sections"]] == names[kind]
    if format_ == "svg":
        assert ElementTree.fromstring(made).tag == SVG + "svg"


def test_an_ending_of_pictures_is_a_map(attn: Run, tmp_path: Path) -> None:
    text_of(attn("pe", "--dim", "8", "-o", "pe.svg"))
    assert ElementTree.parse(tmp_path / "pe.svg").getroot().tag == SVG + "svg"


def test_the_map_of_encodings_has_their_numbers(attn: Run) -> None:
    numbers = json.loads(text_of(attn("pe", "--dim", "8", "--position", "3,5-9", "--json")))["stages"][0]["values"]
    (section,) = document(attn, "pe", "--dim", "8", "--position", "3,5-9", "--map", name="map")["sections"]
    np.testing.assert_allclose(section["maps"][0]["values"], numbers)
    assert section["rows"] == {"axis": "position", "indices": [3, 5, 6, 7, 8, 9], "step": 1}
    assert section["limits"] == pytest.approx([-1, 1], abs=1e-4)


def test_sines_stand_before_cosines_for_people(attn: Run) -> None:
    """Side by side they would alternate, which looks like noise."""
    text = text_of(attn("pe", "--dim", "8", "--length", "4", "--map"))
    assert re.search(r"^ *0 +2 +4 +6 +1 +3 +5 +7$", text, re.MULTILINE)
    assert "columns: the sines (even dimensions), then the cosines (odd)" in text
    assert re.search(r"^0 .*\.00 .*\.00 .*\.00 .*\.00 .*1\.0 .*1\.0 .*1\.0 .*1\.0$", text, re.MULTILINE)


@pytest.mark.parametrize("length", [16, 100, 1000])
def test_waves_stay_in_sight_however_many_positions_there_are(length: int) -> None:
    """Each cell is the mean of its positions, of one dimension: along a column whose wave is longer than a few
    cells, the numbers follow the wave."""
    (stage,) = sinusoidal(256, 10000.0, range(length))
    plan = planned_map(stage)
    section = pooled_map(
        replace(plan, rows=plan.rows.pooled(40), columns=plan.columns.pooled(60)), stage, apart=True
    )
    cells, step = section.maps[0].values, section.rows.step
    assert cells.shape == (-(-length // step), len(section.columns.indices)) <= (40, 60)
    for column, dimension in enumerate(section.columns.indices):
        wavelength = 2 * np.pi * 10000 ** (dimension // 2 * 2 / 256)
        wave = (np.sin, np.cos)[dimension % 2]
        middles = np.array([np.mean(block) for block in section.rows.blocks])
        exact = wave(2 * np.pi * middles / wavelength)
        if wavelength > 6 * step:
            np.testing.assert_allclose(cells[:, column], exact, atol=0.06)
        elif wavelength < step:  # waves that are too short to be seen fade
            assert np.abs(cells[:-1, column]).max() < 0.35
    assert "one sine in 5" in section.note


def test_programs_get_the_dimensions_in_order(attn: Run) -> None:
    (section,) = document(attn, "pe", "--dim", "1000", "--length", "3", "--map", name="map")["sections"]
    assert section["columns"]["indices"][:4] == [0, 1, 6, 7]
    assert (section["columns"]["step"], section["pool"]) == (1, None)
    whole = json.loads(text_of(attn("pe", "--dim", "1000", "--length", "3", "--json")))["stages"][0]["values"]
    np.testing.assert_allclose(section["maps"][0]["values"], np.array(whole)[:, section["columns"]["indices"]])


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary"])
def test_similarity_depends_on_the_distance_alone(attn: Run, kind: str) -> None:
    made = document(attn, "pe", "--kind", kind, "--dim", "16", "--length", "20", "--similarity", name="similarity")
    assert [one["distance"] for one in made["distances"]] == list(range(20))
    for one in made["distances"]:
        exact = sum(np.cos(one["distance"] / 10000 ** (2 * i / 16)) for i in range(8))
        assert one["mean"] == pytest.approx(exact, abs=1e-9)
        assert one["smallest"] == pytest.approx(one["largest"], abs=1e-9)
        assert one["pairs"] == 20 - one["distance"]


def test_similarity_of_a_learned_table(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    from tests.support.checkpoints import tensors

    table = tensors()["wpe.weight"][:5].astype(float)
    made = document(attn, "pe", "--model", "m", "--length", "5", "--similarity", name="similarity")
    diagonal = np.diagonal(table @ table.T, 2)
    assert made["distances"][2]["mean"] == pytest.approx(diagonal.mean(), abs=1e-9)
    assert made["distances"][2]["largest"] == pytest.approx(diagonal.max(), abs=1e-9)
    (section,) = document(attn, "pe", "--model", "m", "--length", "5", "--similarity", "--map", name="map")[
        "sections"
    ]
    np.testing.assert_allclose(section["maps"][0]["values"], table @ table.T, atol=1e-9)


def test_similarity_is_drawn_as_bars(attn: Run) -> None:
    text = text_of(attn("pe", "--dim", "8", "--length", "4", "--similarity", COLUMNS="60"))
    rows = [line for line in text.splitlines() if re.match(r" +\d ", line)]
    lengths = [line.count("█") for line in rows]
    assert [line.split()[1] for line in rows] == ["4.0000", "3.5353", "2.5637", "1.9649"]
    assert lengths == sorted(lengths, reverse=True)
    assert max(map(cell_len, text.splitlines())) <= 60
    many = text_of(attn("pe", "--length", "200", "--similarity"))
    assert "one distance in 5, of 200; --full shows them all" in many


def test_alibi_has_nothing_to_multiply(attn: Run) -> None:
    said = error_of(attn("pe", "--kind", "alibi", "--similarity"), 2)
    assert "ALiBi adds a bias to scores" in said
