"""Draws docs/architecture.svg: the path of a request, and the folders in the order of pyproject.toml.

python tools/architecture.py
"""

from __future__ import annotations

import re
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = PAGE.with_suffix(".svg")

PATH = (
    ("options,|keywords", "cli · api"),
    ("Request", "model"),
    ("model,|tokens", "family · text"),
    ("forward|and tap", "model · formula"),
    ("Trace", "tracing"),
    ("insight", "insights"),
    ("Page", "views"),
    ("medium", "render"),
)
"""What a request passes through, and the folders in which it does."""

WIDTH, MARGIN = 960, 24
BOX, GAP, TALL = 96, 20, 52
ROW = 26
FOLDERS = 176  # where their rows begin


def layers() -> list[list[str]]:
    """The modules of each layer, from the top, as the contract in pyproject.toml has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (found,) = (contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers")
    return [re.split(r" *[:|] *", layer) for layer in found]


def listed() -> dict[str, str]:
    """The rows of the page's table of folders: the path of each, and what it holds."""
    (table,) = re.findall(r"\| folder \| .+\n\| --- .+\n((?:\|.+\n)+)", PAGE.read_text("utf-8"))
    return dict(re.findall(r"^\| `(.+?)` \| (.+) \|$", table, re.M))


def text(x: float, y: float, words: str, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(words)}</text>'


def box(x: float, words: str, folders: str) -> list[str]:
    """A step of the path, and the folders below it."""
    lines = words.split("|")
    middle, top = x + BOX / 2, 74 + TALL / 2 + 5 - 9 * (len(lines) - 1)
    return [
        f'<rect x="{x}" y="74" width="{BOX}" height="{TALL}" rx="6" class="step"/>',
        *(text(middle, top + 18 * i, line, "middle") for i, line in enumerate(lines)),
        text(middle, 74 + TALL + 18, folders, "small middle"),
    ]


def row(y: float, name: str, holds: str) -> list[str]:
    return [
        f'<rect x="{MARGIN}" y="{y}" width="{WIDTH - 2 * MARGIN}" height="{ROW - 4}" rx="4" class="layer"/>',
        text(MARGIN + 12, y + 16, name, "name"),
        text(MARGIN + max(150, 8 * len(name) + 24), y + 16, holds, ""),
    ]


def drawn() -> str:
    """The picture, as the page and the contract are now."""
    holds = {name.rstrip("/").removesuffix(".py"): what for name, what in listed().items()}
    shapes = [text(MARGIN, 30, "The path of a request", "title")]
    shapes.append(text(MARGIN, 54, "each step, and the folder in which it is taken", "small"))
    for number, (words, folders) in enumerate(PATH):
        x = MARGIN + number * (BOX + GAP)
        shapes += box(x, words, folders)
        if number:
            shapes.append(f'<path d="M{x - GAP + 3} 100 h{GAP - 8}" class="arrow" marker-end="url(#head)"/>')
    shapes.append(text(MARGIN, FOLDERS + 18, "The folders of attncli", "title"))
    shapes.append(text(MARGIN, FOLDERS + 42, "each imports only from those below it", "small"))
    y = FOLDERS + 54
    for names in layers():
        what = [holds[name] for name in names if name in holds] if len(names) == 1 else ["what all may use"]
        shapes += row(y, ", ".join(names), *what)
        y += ROW
    return "\n".join([HEAD.format(width=WIDTH, height=y + MARGIN - 4), *shapes, "</svg>", ""])


HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>The path of a request through attn, and the folders of attncli from top to bottom</title>
<style>
text {{ font: 13px system-ui, sans-serif; fill: #24292f }}
.title {{ font-size: 16px; font-weight: 600 }}
.small {{ font-size: 11.5px; fill: #57606a }}
.name {{ font-family: ui-monospace, monospace; font-weight: 600 }}
.middle {{ text-anchor: middle }}
.step {{ fill: #ddf4ff; stroke: #0969da }}
.layer {{ fill: #f6f8fa; stroke: #d0d7de }}
.arrow {{ stroke: #57606a; stroke-width: 1.5 }}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6" orient="auto">
<path d="M0 0 L8 4 L0 8 z" fill="#57606a"/></marker></defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>"""


if __name__ == "__main__":
    PICTURE.write_text(drawn(), "utf-8")
