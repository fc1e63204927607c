"""Pages as people use them: with a pointer, a finger, keys and a screen reader, in light and dark, on paper."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from attncli.render.page.blocks import Heading, Matrix, Prose, Subject
from attncli.render.page.formats import write
from attncli.render.page.maps import HeadMap, HeadMaps, Side
from attncli.render.page.page import Block, Options, Page, Section
from attncli.text.tokens import Tokens
from tests.support import toy_view
from tests.support.browser import violations
from tests.support.views import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator
    from playwright.sync_api import Page as Tab

COUNT = 8
NAMES = [f"word{i}" for i in range(COUNT)]
PHONE, DESKTOP = (360, 640), (1280, 800)


def head_maps(count: int = 3, size: int = COUNT) -> HeadMaps:
    """Maps with a number of its own in every cell, a masked triangle, and one NaN at row 2, column 1."""
    numbers = (np.arange(size * size).reshape(size, size) + 1) / (size * size)
    values = np.where(np.tri(size, dtype=bool), numbers, -np.inf)
    values[2, 1] = np.nan
    names = [f"word{i}" for i in range(size)]
    side, keys = Side("query", range(size), names), Side("key", range(size), names)
    heads = tuple(HeadMap(f"0.{i}", f"layers.0.attn.weights · head {i}", values, row=0) for i in range(count))
    return HeadMaps("weights", f"[query {size} × key {size}]", side, keys, heads, (0.0, 1.0), False, "A", "shares")


def page_of(*blocks: Block, title: str = "A title") -> Page:
    return Page(title, {}, sections=[Section(lambda: blocks)])


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Opens a page in a window of some size; the page must load nothing else and report no error."""
    with _windows(browser, tmp_path) as open_page:
        yield open_page


@contextmanager
def _windows(browser: Browser, folder: Path) -> Iterator[Callable[..., Tab]]:
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(page: Page, size: tuple[int, int] = DESKTOP, scheme: str = "light", **options: Any) -> Tab:
        file = folder / f"{len(contexts)}.html"
        output = io.BytesIO()
        write("html", page, output, Options(**options))
        file.write_bytes(output.getvalue())
        size_of = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=size_of, color_scheme=scheme, has_touch=size == PHONE)  # type: ignore[arg-type]
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("dialog", lambda dialog: wrong.append(dialog.message))
        tab.on("request", lambda request: None if request.url == file.as_uri() else wrong.append(request.url))
        tab.goto(file.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def tip_of(tab: Tab) -> list[str]:
    """The lines of the tooltip, which must lie in the window."""
    tip = tab.locator("#tip")
    assert tip.is_visible()
    box, size = tip.bounding_box(), tab.viewport_size
    assert box is not None
    assert size is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    return tip.inner_text().split("\n")


def cell_center(picture: Locator, row: int, column: int, size: int = COUNT) -> tuple[float, float]:
    """Where a cell lies within the box of its map, from the extent of all its cells."""
    cells, box = picture.locator("svg g").first.bounding_box(), picture.bounding_box()
    assert cells is not None
    assert box is not None
    hatched = picture.locator("svg > rect").first.bounding_box()  # behind the cells: the whole matrix
    area = hatched or cells
    return (
        area["x"] - box["x"] + (column + 0.5) * area["width"] / size,
        area["y"] - box["y"] + (row + 0.5) * area["height"] / size,
    )


def number(row: int, column: int) -> str:
    return f"{float(f'{(row * COUNT + column + 1) / COUNT**2:.4g}'):g}"


VIEWS: dict[str, Callable[[], Page]] = {**PAGES, "every block": toy_view.page}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_read_by_all(opened: Callable[..., Tab], view: str) -> None:
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        tab = opened(VIEWS[view](), size, scheme)
        assert violations(tab) == []
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0]


def test_the_enlarged_map_can_be_read_by_all(opened: Callable[..., Tab]) -> None:
    for scheme in ("light", "dark"):
        tab = opened(page_of(head_maps()), scheme=scheme)
        tab.locator(".cells").first.click(position={"x": 60, "y": 60})
        assert tab.locator("dialog").is_visible()
        assert violations(tab) == []


def test_wide_content_scrolls_within_itself(opened: Callable[..., Tab]) -> None:
    wide = Matrix(
        "m",
        "[3 × 60]",
        np.random.default_rng(0).normal(size=(3, 60)),
        ["r"] * 3,
        [f"column {i}" for i in range(60)],
    )
    huge = Matrix("huge", "[200 × 200]", np.eye(200), ["r"] * 200, ["c"] * 200)
    long = "x" * 300
    tokens = Tokens((1,), (long,), (None,), (0,))
    blocks = [Subject(long, [long], long, tokens), Heading(long, long), Prose(long), wide, huge, head_maps(1, 60)]
    tab = opened(page_of(*blocks, title=long), PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert tab.locator(".scroll").evaluate("e => e.scrollWidth > e.clientWidth")
    assert violations(tab) == []


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (7, 0), (7, 7), (4, 2)])
def test_a_tap_shows_the_number_of_the_cell(opened: Callable[..., Tab], row: int, column: int) -> None:
    tab = opened(page_of(head_maps()), PHONE)
    picture = tab.locator(".cells").nth(1)
    picture.scroll_into_view_if_needed()
    x, y = cell_center(picture, row, column)
    picture.tap(position={"x": x, "y": y})
    said = "masked" if column > row else number(row, column)
    assert tip_of(tab) == [
        "layers.0.attn.weights · head 1",
        f"query {row} word{row}",
        f"key {column} word{column}",
        said,
    ]
    tab.locator("h1").tap()
    assert tab.locator("#tip").is_hidden()
    assert not tab.locator("dialog").is_visible()


def test_a_tap_on_the_name_enlarges_a_map_and_a_tap_in_it_shows_a_number(opened: Callable[..., Tab]) -> None:
    tab = opened(page_of(head_maps()), PHONE)
    tab.locator("button.name").nth(2).tap()
    picture = tab.locator("dialog .cells")
    x, y = cell_center(picture, 5, 3)
    picture.tap(position={"x": x, "y": y})
    assert tip_of(tab) == ["query 5 word5", "key 3 word3", number(5, 3)]
    tab.locator("#close").tap()
    assert not tab.locator("dialog").is_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_pointer_shows_the_number_of_every_corner(opened: Callable[..., Tab], size: tuple[int, int]) -> None:
    tab = opened(page_of(head_maps(1)), size)
    picture = tab.locator(".cells")
    for row, column in ((0, 0), (0, 7), (7, 0), (7, 7)):
        x, y = cell_center(picture, row, column)
        picture.hover(position={"x": x, "y": y})
        assert tip_of(tab)[1:3] == [f"query {row} word{row}", f"key {column} word{column}"]
    tab.mouse.move(1, 1)
    assert tab.locator("#tip").is_hidden()


def test_masked_and_not_a_number_are_two_things(opened: Callable[..., Tab]) -> None:
    tab = opened(page_of(head_maps(1)))
    picture = tab.locator(".cells")
    said = []
    for row, column in ((0, 1), (2, 1)):
        x, y = cell_center(picture, row, column)
        picture.hover(position={"x": x, "y": y})
        said.append(tip_of(tab)[-1])
    assert said == ["masked", "not a number (NaN)"]
    assert picture.locator('[fill="url(#hatch)"]').count() == picture.locator('[fill="url(#nan)"]').count() == 1
    legend = tab.locator("figure").inner_text()
    assert "hatched: masked" in legend
    assert "magenta with a cross: not a number (NaN)" in legend


def keys(tab: Tab, *names: str) -> None:
    for name in names:
        tab.keyboard.press(name)


def focused(tab: Tab) -> str:
    return str(tab.evaluate("document.activeElement.getAttribute('aria-label')"))


def test_keys_move_between_maps_and_cells(opened: Callable[..., Tab]) -> None:
    tab = opened(page_of(head_maps()))
    keys(tab, "Tab")
    assert focused(tab).startswith("layers.0.attn.weights · head 0")
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    assert tip_of(tab)[1:3] == ["query 0 word0", "key 0 word0"]
    keys(tab, "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight")
    assert tip_of(tab)[1:] == ["query 3 word3", "key 1 word1", number(3, 1)]
    assert tab.locator("#spoken").inner_text() == f"query 3 word3, key 1 word1, {number(3, 1)}"
    keys(tab, "ArrowUp", "ArrowLeft", "ArrowLeft")
    assert tip_of(tab)[1:3] == ["query 2 word2", "key 0 word0"]
    keys(tab, "End", "PageDown")
    assert tip_of(tab)[1:3] == ["query 7 word7", "key 7 word7"]
    keys(tab, "Escape")
    assert tab.locator("#tip").is_hidden()
    keys(tab, "Tab")
    assert focused(tab).startswith("layers.0.attn.weights · head 1")
    keys(tab, "Shift+Tab")
    assert focused(tab).startswith("layers.0.attn.weights · head 0")


def test_enter_enlarges_a_map_with_all_its_tokens_and_escape_closes_it(opened: Callable[..., Tab]) -> None:
    tab = opened(page_of(head_maps(2, 40)))
    keys(tab, "Tab", "Tab", "Enter")
    dialog = tab.locator("dialog")
    assert dialog.is_visible()
    assert dialog.locator("h2").inner_text() == "layers.0.attn.weights · head 1"
    tokens = [f"{i} word{i}" for i in range(40)]
    for side in (".over", ".down"):
        assert dialog.locator(f"{side} text").all_text_contents() == tokens
    keys(tab, "End", "PageDown")
    assert tip_of(tab)[:2] == ["query 39 word39", "key 39 word39"]
    keys(tab, "PageUp", "Home")
    assert tip_of(tab)[:2] == ["query 0 word0", "key 0 word0"]
    first, labels = dialog.locator(".inner").bounding_box(), dialog.locator(".over").bounding_box()
    assert first is not None
    assert labels is not None
    assert first["y"] >= labels["y"] + labels["height"] - 2  # not under the labels, which stay
    assert dialog.locator("#spoken").inner_text().startswith("query 0 word0, key 0 word0")
    keys(tab, "Escape")
    assert not dialog.is_visible()
    assert focused(tab).startswith("layers.0.attn.weights · head 1")


def test_every_map_has_tokens_along_both_sides(opened: Callable[..., Tab]) -> None:
    tab = opened(page_of(head_maps()))
    for picture in tab.locator(".map").all():
        texts = picture.locator("svg text").all_text_contents()
        assert all(texts.count(f"{i} word{i}") == 2 for i in range(COUNT))


def colors(tab: Tab) -> tuple[str, str]:
    """Of the page and of its text."""
    style: Sequence[str] = tab.evaluate(
        "(({backgroundColor: b, color: c}) => [b, c])(getComputedStyle(document.body))"
    )
    return style[0], style[1]


def test_dark_is_dark_light_is_light_and_paper_is_white(opened: Callable[..., Tab]) -> None:
    light = opened(page_of(head_maps()))
    dark = opened(page_of(head_maps()), scheme="dark")
    assert colors(light) == ("rgb(255, 255, 255)", "rgb(26, 26, 26)")
    assert colors(dark) == ("rgb(20, 23, 26)", "rgb(230, 230, 230)")
    label = dark.locator(".map svg text").first
    assert label.evaluate("e => getComputedStyle(e).fill") == "rgb(230, 230, 230)"
    dark.emulate_media(media="print")
    assert colors(dark) == colors(light)
    assert dark.locator(".help").is_hidden()


def test_no_script_but_ours_runs(opened: Callable[..., Tab]) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    block = head_maps()
    side = replace(block.rows, names=[hostile] * COUNT)
    maps = tuple(replace(head, title=hostile) for head in block.maps)
    tab = opened(page_of(replace(block, rows=side, maps=maps, name=hostile), title=hostile))
    keys(tab, "Tab", "Enter")
    assert tab.locator("dialog h2").inner_text() == hostile
    assert hostile in tip_of_text(tab)


def tip_of_text(tab: Tab) -> str:
    return tab.locator("#tip").inner_text()


def test_the_policy_of_a_page_stops_injected_scripts(browser: Browser, tmp_path: Path) -> None:
    output = io.BytesIO()
    write("html", page_of(head_maps()), output, Options())
    injected = output.getvalue().replace(b"<main>", b"<main><script>window.injected = true</script>")
    (tmp_path / "page.html").write_bytes(injected)
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    assert tab.evaluate("window.injected") is None
    assert tab.locator('[role="application"]').count() == 3  # while our own script has run
    tab.close()
