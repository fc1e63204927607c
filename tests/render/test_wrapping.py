"""Running text in lines: of English as Rich breaks it, of Japanese as its typography allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from attncli.render.page.line_breaks import NOT_FIRST, NOT_LAST, breaks, pieces
from tests.conftest import Run, text_of

JAPANESE = "各キーのバリューを取り込む割合（アテンション）。softmax の各行の和は 1、ッーー。"


def lines(text: str, width: int) -> list[str]:
    starts = [0, *breaks(text, width)]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


@given(st.lists(st.text("ab-,.", min_size=1, max_size=8)).map(" ".join), st.integers(8, 40))
def test_english_is_broken_as_rich_breaks_it(text: str, width: int) -> None:
    wrapped = Text(text).wrap(Console(), width, overflow="fold")
    assert [line.rstrip() for line in lines(text, width)] == [line.plain.rstrip() for line in wrapped]


@given(st.text(JAPANESE + " ab", max_size=60), st.integers(2, 20))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    assert "".join(lines(text, width)) == "".join(pieces(text)) == text
    for line in lines(text, width):
        assert cell_len(line.rstrip()) <= width


@given(st.text("各層のキー、。（）「」ッa1 ", max_size=60))
def test_no_piece_begins_or_ends_as_none_may(text: str) -> None:
    first, *others = pieces(text)
    for before, piece in zip([first, *others], others, strict=False):
        assert before.endswith(" ") or (piece[0] not in NOT_FIRST and before[-1] not in NOT_LAST)


def test_a_line_of_japanese() -> None:
    assert lines("クエリが、見る。", 8) == ["クエリ", "が、見", "る。"]
    assert lines("キー（各層）", 6) == ["キー", "（各", "層）"]


@pytest.mark.parametrize("width", [24, 31, 40, 57, 80, 113])
@pytest.mark.parametrize("command", [("model", "story"), ("families",)])
def test_tables_of_japanese_line_up_and_fit(attn: Run, command: tuple[str, ...], width: int) -> None:
    printed = text_of(attn(*command, "--lang", "ja", COLUMNS=str(width)))
    framed = [line for line in printed.splitlines() if line and line[0] in "╭│├╰"]
    assert {cell_len(line) for line in framed} == {max(map(cell_len, framed))}
    assert all(cell_len(line) <= width for line in printed.splitlines()) or width < 40


CAPTIONS = [
    ("explain", "a b c", "--stage", "all", "--layer", "all"),
    ("map", "a b c"),
]


@pytest.mark.parametrize("width", [30, 47, 80])
@pytest.mark.parametrize("command", CAPTIONS, ids=["stages", "map"])
def test_captions_of_japanese_fit(attn: Run, command: tuple[str, ...], width: int) -> None:
    for line in text_of(attn(*command, "--seed", "0", "--lang", "ja", COLUMNS=str(width))).splitlines():
        assert cell_len(line) <= width
        assert line[:1] not in NOT_FIRST - set(".")
