"""A view is one file: a page with one of every block comes out in every medium, and keeps what it says."""

from __future__ import annotations

import csv
import io
import json
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest
from safetensors.numpy import load

from attncli.errors import UsageError
from attncli.render.page.formats import FORMATS, format_of, write
from attncli.render.page.page import Options, Page
from tests.support import toy_view

PEOPLE = [name for name, medium in FORMATS.items() if medium.kind in ("words", "picture")]


def written(name: str, page: Page | None = None, width: int = 80) -> bytes:
    output = io.BytesIO()
    write(name, page or toy_view.page(), output, Options(width=width))
    return output.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_a_view_of_one_file_comes_out_in_every_medium(name: str) -> None:
    assert len(written(name)) > 50


@pytest.mark.parametrize("name", [name for name in PEOPLE if not FORMATS[name].binary])
def test_a_person_finds_every_block_in_every_medium(name: str) -> None:
    text = unescape(written(name).decode())
    text = text.replace("\\", "") if name == "md" else text
    for wanted in (*toy_view.TEXTS, "toy model", "T = O Y", "0.7500", "-1.5"):
        assert wanted in text, wanted


def test_pictures_are_pictures() -> None:
    root = ElementTree.fromstring(written("svg"))
    assert root.tag.endswith("svg")
    assert written("png").startswith(b"\x89PNG")
    assert written("pdf").startswith(b"%PDF-")


def test_programs_read_the_data() -> None:
    document = json.loads(written("json"))
    assert document == {
        "schema": "attn.toy/1",
        "toy": True,
        "toys": [{"name": "toy", "values": [[0.25, 0.75], [-1.5, 0]]}],
    }
    head, item = map(json.loads, written("ndjson").splitlines())
    assert head | {"toys": [item]} == document
    rows = list(csv.DictReader(io.StringIO(written("csv").decode())))
    assert [float(row["value"]) for row in rows] == [0.25, 0.75, -1.5, 0]


def test_files_of_arrays_keep_every_bit() -> None:
    with np.load(io.BytesIO(written("npz"))) as archive:
        assert np.array_equal(archive["toy"], toy_view.NUMBERS)
        assert json.loads(str(archive["attn"]))["toys"] == [{"name": "toy"}]
    assert np.array_equal(load(written("safetensors"))["toy"], toy_view.NUMBERS)


@pytest.mark.parametrize("name", ["npz", "safetensors"])
def test_a_page_without_arrays_is_no_file_of_arrays(name: str) -> None:
    with pytest.raises(UsageError, match="arrays"):
        written(name, Page("title", {"schema": "attn.toy/1"}))


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_the_terminal_shows_every_block_at_any_width(width: int) -> None:
    assert "toy note" in written("table", width=width).decode()


def test_endings_mean_media() -> None:
    for name, medium in FORMATS.items():
        for suffix in medium.suffixes:
            assert format_of(f"out{suffix}") == format_of(f"OUT{suffix.upper()}") == name
    assert format_of("out") is None
