"""A small page of every view."""

from __future__ import annotations

from collections.abc import Callable

import attncli
from attncli.insights.encodings import vectors
from attncli.insights.versus.settings import settings
from attncli.render.page.page import Options, Page
from attncli.tracing.trace import Trace
from attncli.views import (
    families,
    maps,
    model,
    overview,
    similarity,
    stage_catalogue,
    stages,
    tokens,
    versus,
    worked_example,
)

OPTIONS = Options(width=80)
TEXT = "the cat sat"


def _stages() -> Page:
    trace = attncli.trace(TEXT, model=attncli.load_model(seed=0), stages="attn.*", layers=0)
    return stages.page(trace, OPTIONS, trace.values())


def _worked_example() -> Page:
    examples = attncli.follow(TEXT, 2, model=attncli.load_model(seed=0), layers=0)
    return worked_example.page(_head(), examples, None, None, OPTIONS)


def _maps() -> Page:
    sections = attncli.maps(TEXT, model=attncli.load_model(seed=0))
    page = maps.page(_head(), sections, "layer", OPTIONS)
    return Page(page.title, page.head, page.items, page.columns, page.opening,
                sections=[maps.section(section, "layer") for section in sections])  # fmt: skip


def _overview() -> Page:
    return overview.page(
        _head(), attncli.overview(attncli.maps(TEXT, model=attncli.load_model(seed=0))), "pattern", OPTIONS
    )


def _tokens() -> Page:
    return tokens.page(TEXT, "seeded", attncli.tokens(TEXT, model=attncli.load_model(seed=0)), None, OPTIONS)


def _versus() -> Page:
    comparison = attncli.versus(TEXT, only=["range", "order"], d_model=8)
    words = attncli.tokens(TEXT, model=attncli.load_model(seed=0))
    return versus.page(comparison, words, TEXT, settings(only=["range", "order"], d_model=8), OPTIONS)


def _similarity() -> Page:
    trace = attncli.positions(dim=8, length=5)
    _, formula = vectors(list(trace.values()))
    return similarity.page(formula, attncli.similarity(dim=8, length=5), trace.parameters, OPTIONS)


def _head() -> Trace:
    """A trace without stages, for the head of a page."""
    trace = attncli.trace(TEXT, model=attncli.load_model(seed=0), stages="embed.tokens")
    return Trace(text=trace.text, model=trace.model, tokens=trace.tokens)


PAGES: dict[str, Callable[[], Page]] = {
    "families": lambda: families.page(attncli.families(["llama", "bert"]), OPTIONS),
    "maps": _maps,
    "model": lambda: model.page(attncli.describe("story"), OPTIONS),
    "overview": _overview,
    "similarity": _similarity,
    "stages": _stages,
    "stage_catalogue": lambda: stage_catalogue.page(attncli.catalogue("attn.*"), None, True),
    "tokens": _tokens,
    "versus": _versus,
    "worked_example": _worked_example,
}
