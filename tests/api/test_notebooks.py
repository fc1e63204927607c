"""Results in a notebook: small, safe, without scripts, to be read on light and dark, and in a real notebook."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

import attncli
from tests.api.test_reprs import RESULTS, TEXT
from tests.support.browser import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHOWN = {name: make for name, make in RESULTS.items() if name != "map"}
LONG = " ".join(f"word{i % 50}" for i in range(300))
HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(2)>"


def html_of(result: Any) -> str:
    html: str = result._repr_html_()
    return html


@pytest.mark.parametrize("name", SHOWN)
def test_every_result_shows_itself_without_scripts_and_says_how_to_see_more(name: str) -> None:
    html = html_of(SHOWN[name]())
    assert len(html) < 60_000
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    last = unescape(re.sub("<[^>]*>", "", html)).strip().splitlines()[-1]
    assert (
        last.startswith(("All ", "On a page: attn", "What it computes", "1 of ")) or "One of them: trace[" in last
    )


def test_large_results_are_small() -> None:
    model = attncli.load_model(seed=0, layers=12, heads=12, d_model=48)
    trace = attncli.trace(LONG, model=model)
    for result in (trace, trace["layers.0.attn.weights"], attncli.maps(LONG, model=model), trace.tokens, model):
        assert len(html_of(result)) < 150_000
    assert "260 more tokens" in html_of(trace)
    assert "the first and the last of 300 rows and 300 columns" in html_of(trace["layers.0.attn.weights"])


def test_the_numbers_are_those_of_the_result() -> None:
    stage = attncli.trace(TEXT, stages="weights", layers=1)["weights"]
    cells = re.findall(r'<td title="([^"]*)"[^>]*>([^<]*)<', html_of(stage))
    assert len(cells) == 4 * 8 * 8
    for (tip, text), value in zip(cells, stage.values.ravel().tolist(), strict=True):
        assert text == (f"{value:.4f}" if value else "0")
        assert float(tip.rsplit(" ", 1)[1]) == pytest.approx(value, rel=1e-6)


def test_a_trace_of_one_stage_shows_its_numbers_under_their_tokens() -> None:
    html = html_of(attncli.trace(TEXT, stages="weights", layers=1))
    assert "2 ␣cat</th>" in html
    assert 'trace["layers.1.attn.weights"].values' in unescape(html)


def test_text_is_data() -> None:
    model = attncli.load_model(seed=0, tokenizer="chars")
    for result in (
        attncli.trace(HOSTILE, model=model),
        attncli.trace(HOSTILE, model=model, stages="weights", layers=0),
        attncli.maps(HOSTILE, model=model),
        attncli.follow(HOSTILE, 2, model=model),
        attncli.tokens(HOSTILE, model=model),
        attncli.versus(HOSTILE, only="order"),
    ):
        html = html_of(result)
        assert "<script" not in html
        assert "<img src=x" not in html
        assert html.count("<div") == html.count("</div>")


def test_results_are_still_tuples() -> None:
    import pickle

    found = attncli.similarity(length=4)
    assert found == tuple(found)
    assert type(found[:2]) is tuple
    again = pickle.loads(pickle.dumps(found))
    assert html_of(again) == html_of(found)
    assert html_of(attncli.families("llama"))
    assert "kq_soft_max" in html_of(attncli.catalogue("weights"))
    assert "embed.tokens" in html_of(attncli.catalogue())
    assert "row 3, column 3: head 3.3" in html_of(attncli.overview(attncli.maps("the cat sat", pool=1)))


def test_a_loaded_trace_shows_itself_as_the_saved_one(tmp_path: Any) -> None:
    trace = attncli.trace(TEXT, stages=["weights", "attn.q", "attn.k"], layers=0)
    trace.save(tmp_path / "trace.npz")
    assert html_of(attncli.Trace.load(tmp_path / "trace.npz")) == html_of(trace)


def test_a_notebook_shows_results(tmp_path: Any) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    sources = [
        f"import attncli; trace = attncli.trace({TEXT!r}); trace",
        "trace['layers.0.attn.weights']",
        f"attncli.maps({TEXT!r}, layers=1)",
        "attncli.load_model()",
        "attncli.describe('story')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in notebook.cells:
        (output,) = cell.outputs
        assert output.output_type == "execute_result"
        assert output.data["text/html"].startswith('<div class="attn"')
        assert "text/plain" in output.data


@pytest.mark.parametrize(("paper", "ink"), [("#ffffff", "#1f1f1f"), ("#111111", "#e0e0e0")])
def test_results_can_be_read_in_light_and_dark_notebooks(browser: Browser, paper: str, ink: str) -> None:
    outputs = "".join(html_of(make()) for make in SHOWN.values())
    tab = browser.new_page(viewport={"width": 900, "height": 700})
    style = f"background:{paper};color:{ink};font:14px sans-serif"
    tab.set_content(
        f'<!doctype html><html lang="en"><title>notebook</title><body style="{style}"><main><h1>n</h1>{outputs}'
    )
    assert violations(tab) == []
    assert tab.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 100)")
    tab.close()


def test_results_can_be_read_where_styles_are_taken_away(browser: Browser) -> None:
    html = re.sub(r"<style>.*?</style>|style=\"[^\"]*\"|class=\"[^\"]*\"", "", html_of(SHOWN["stage"]()))
    tab = browser.new_page()
    tab.set_content(html)
    rows = tab.locator("table").first.locator("tr").all_inner_texts()
    assert rows[1].split() == ["0", "1.0000", *["0"] * 7, "1.0000"]
    tab.close()
