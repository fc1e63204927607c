"""Measures the time that drawing a map takes beyond computing it: one head of 1,000 tokens, in a process that has
loaded everything. The forward alone computes the head's weights and drops them. The same forward again pools them,
scores the head and draws the map for a terminal with true color, or in full (`--full`).

python benchmarks/map.py [--tokens 1000] [--runs 7]
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable

import click

LIMIT = 0.1
"""The target for drawing, in seconds."""
WINDOW = "200 × 60"


@click.command()
@click.option("--tokens", default=1000, show_default=True)
@click.option("--runs", default=7, show_default=True, help="Measured runs of each kind.")
def main(tokens: int, runs: int) -> None:
    """Print a Markdown table; exit status 1 where drawing takes longer than its target."""
    os.environ |= {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
    os.environ |= dict(zip(("COLUMNS", "LINES"), WINDOW.split(" × "), strict=True))

    import attncli
    from attncli.api import tokenize
    from attncli.insights.mapping import compute_maps, plan_maps
    from attncli.model.running import run
    from attncli.render.page.formats import fitted, open_writer
    from attncli.render.page.page import Options
    from attncli.tracing.selection import Selection
    from attncli.tracing.trace import Trace
    from attncli.views import maps as view

    words = tokenize(attncli.load_model(seed=0), " ".join(f"w{i % 97}" for i in range(tokens)))
    seeded = attncli.load_model(seed=0, layers=1, heads=12, d_model=768)
    model = seeded.bind(seeded, words)
    selection = Selection(("layers.0.attn.weights",), (0,))
    head = Trace(model=model.info, tokens=words)

    def computed() -> None:
        run(model, words, selection, lambda stage: None, on_part=lambda name, heads, rows, values: None)

    def drawn(full: bool) -> None:
        output, options = io.BytesIO(), Options(full=full)
        planned = plan_maps(model.spec, head, selection, nothing, "max")
        pooled = [
            view.pooled_by(section, "layer", lambda maps: fitted("table", maps, output, options))
            for section in planned
        ]
        finished = compute_maps(model, words, None, selection, pooled)
        writer = open_writer("table", view.page(head, planned, "layer", options), output, options)
        for section in finished:
            writer.section(view.section(section, "layer"))
        writer.close()

    works = {
        "computed": computed,
        f"drawn, pooled to {WINDOW}": lambda: drawn(False),
        "drawn in full": lambda: drawn(True),
    }
    turns = [[seconds(work) for work in works.values()] for _ in range(runs + 1)][1:]  # the first turn warms up
    print(f"| one head, {tokens:,} tokens | seconds | beyond computing | target |\n|---|---|---|---|")
    slow = False
    for column, name in enumerate(works):
        beyond = statistics.median(turn[column] - turn[0] for turn in turns)
        cells = [name, f"{statistics.median(turn[column] for turn in turns):.3f} s"]
        cells += ["", ""] if column == 0 else [f"{beyond:.3f} s", "none set"]
        if column == 1:
            cells[-1] = f"≤ {LIMIT} s: {'met' if beyond <= LIMIT else 'missed'}"
            slow = beyond > LIMIT
        print(f"| {' | '.join(cells)} |")
    sys.exit(slow)


def nothing(name: str, tokens: object) -> None:
    """Every key."""


def seconds(work: Callable[[], None]) -> float:
    """The seconds of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
