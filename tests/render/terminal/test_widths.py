"""Borders stand one below the other, whatever the script: by the reckoning of wcwidth for whole lines."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from attncli.render.page.cells import ONE_CELL, TWO_CELLS, cell_len, cell_len_by_character, clusters, fit
from attncli.render.page.line_breaks import breaks
from tests.conftest import Run, text_of
from tests.support.terminal import terminal

SCRIPTS = {
    "Devanagari": "नमस्ते दुनिया यह क्षत्रिय मि",
    "Bengali": "বাংলা ভাষা শিক্ষা",
    "Tamil": "தமிழ் மொழி கொள்",
    "Telugu": "తెలుగు భాష",
    "Malayalam": "മലയാളം ഭാഷ",
    "Sinhala": "සිංහල භාෂාව ශ්‍රී",
    "Burmese": "မြန်မာ စာပေ ကျွန်တော်",
    "Khmer": "ខ្មែរ ភាសា កំពុង",
    "Thai": "ภาษาไทย น้ำ ที่",
    "Lao": "ພາສາລາວ ນ້ຳ",
    "Tibetan": "བོད་ཡིག སྐད",
    "Arabic": "العربية مُحَمَّد",
    "Hebrew": "שָׁלוֹם עולם",
    "Hangul": "한국어 \u1112\u1161\u11ab\u1100\u1173\u11af",
    "Japanese": "猫が座った か\u3099 ﾊﾟﾝ",
    "accents": "re\u0301sume\u0301 o\u0302\u0323",
    "emoji": "👍🏽 👨\u200d👩\u200d👧 🇯🇵🇫🇷 ⚠\ufe0f ❤",
}
COMMANDS = (
    ("tokens",),
    ("explain", "--stage", "weights", "--stage", "embed"),
    ("explain", "--query", "-1"),
    ("explain", "--query", "-1", "--key", "0"),
)


@pytest.mark.parametrize("width", ["44", "80"])
@pytest.mark.parametrize("command", COMMANDS, ids=["tokens", "stages", "query", "pair"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_borders_line_up(attn: Run, script: str, command: tuple[str, ...], width: str) -> None:
    name, *options = command
    shown = text_of(attn(name, SCRIPTS[script], *options, "--seed", "0", COLUMNS=width))
    tables = [table.splitlines() for table in shown.split("╭")[1:]]
    assert tables or name == "tokens"  # without a frame where there is no room for one
    for top, *lines in tables:
        framed = [line for line in lines if line.startswith(("│", "├", "╰"))]
        assert {wcswidth(line) for line in framed} == {wcswidth("╭" + top)}
        for line in framed:
            if line[0] == "│":
                assert _bars(line) <= _bars("╭" + top)


def _bars(line: str) -> set[int]:
    """Where the borders of a line stand."""
    return {wcswidth(line[:place]) for place, char in enumerate(line) if char in "│╭┬╮"}


ALL = sorted(set("".join(SCRIPTS.values())))


@given(st.text(ALL, max_size=12), st.integers(2, 12))
def test_what_is_cut_fits_and_keeps_whole_characters(text: str, width: int) -> None:
    assert cell_len(text) == wcswidth(text)
    cut = fit(text, width)
    assert cell_len(cut) <= width
    if cut != text:
        beginning = cut.removesuffix("…")
        assert list(clusters(text))[: len(clusters(beginning))] == list(clusters(beginning))


@given(st.text(ALL, max_size=30), st.integers(4, 12))
def test_lines_are_broken_between_characters(text: str, width: int) -> None:
    starts = [0, *breaks(text, width), len(text)]
    ends = {sum(map(len, clusters(text)[:count])) for count in range(len(clusters(text)) + 1)}
    assert set(starts) <= ends


def test_the_common_characters_are_as_wide_as_the_library_says() -> None:
    """They are measured without it."""
    for characters, width in ((ONE_CELL, 1), (TWO_CELLS, 2)):
        matches = re.compile(f"[{characters}]").match
        found = [chr(code) for code in range(0x11_0000) if matches(chr(code))]
        assert len(found) > 1000
        assert {wcswidth(char) for char in found} == {width}
        pairs = random.Random(0).choices(found, k=2000)
        assert all(wcswidth(a + b) == 2 * width for a, b in pairwise(pairs))


@pytest.mark.parametrize(
    ("text", "width"),
    [("क्षि", 3), ("বাংলা", 5), ("ខ្មែរ", 4), ("မြန်မာ", 5), ("ကျွန်တော်", 6), ("한국", 4),
     ("\u1112\u1161\u11ab", 2), ("猫 a", 4)],
)  # fmt: skip
def test_multiplexers_count_character_by_character(text: str, width: int) -> None:
    """The columns by which tmux 3.3a moves its cursor."""
    assert cell_len_by_character(text) == width


def test_borders_line_up_in_a_multiplexer(tmp_path: Path) -> None:
    """Where its count is known, the borders stand by that count."""
    for script in ("Devanagari", "Bengali", "Burmese", "Khmer", "Tamil"):
        arguments = "explain", SCRIPTS[script], "--seed", "0", "--stage", "embed", "--no-pager"
        with terminal(*arguments, folder=tmp_path, TERM="tmux-256color", NO_COLOR="1") as window:
            assert window.end() == 0
        plain = re.sub(r"\x1b\[[\d;]*m", "", window.shown)
        framed = [line for line in plain.splitlines() if line.startswith(("╭", "│", "├", "╰"))]
        assert len(framed) > 5
        assert len({cell_len_by_character(line) for line in framed}) == 1
