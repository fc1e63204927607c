"""A medium is one file and one line: a toy medium renders every view."""

from __future__ import annotations

import io
from importlib import import_module
from pkgutil import iter_modules

import pytest

from attncli import views
from attncli.render.page.formats import FORMATS, Format, write
from attncli.render.page.page import Options, Page
from tests.support.views import PAGES

OPTIONS = Options(width=80)


def test_no_view_is_forgotten() -> None:
    modules = {name for _, name, _ in iter_modules(views.__path__)}
    assert set(PAGES) == {name for name in modules if hasattr(import_module(f"attncli.views.{name}"), "page")}


@pytest.mark.parametrize("view", PAGES)
def test_a_medium_registered_with_one_line_renders_every_view(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "toy", Format("tests.support.toy_medium", (".toy",), "words"))
    lines = written("toy", PAGES[view]()).decode().splitlines()
    assert len(lines) > 1
    assert lines[-1] == "end"
    assert all(": " in line for line in lines[:-1])


@pytest.mark.parametrize("name", [name for name, medium in FORMATS.items() if medium.kind != "arrays"])
@pytest.mark.parametrize("view", PAGES)
def test_every_view_comes_out_in_every_medium_that_makes_sense(view: str, name: str) -> None:
    assert len(written(name, PAGES[view]())) > 50


def written(name: str, page: Page) -> bytes:
    output = io.BytesIO()
    write(name, page, output, OPTIONS)
    return output.getvalue()
