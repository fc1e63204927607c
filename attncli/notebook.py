"""How results show themselves in a notebook: small, as HTML without scripts; a line says how to see more.

Jupyter asks a result for `_repr_html_`. The types of results stand below views and media, and know nothing of
them; so this module, which stands above both, gives the types that method (`shown`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from attncli.language import N_, language
from attncli.model.model import Model
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

if TYPE_CHECKING:
    from attncli.insights.maps import MapSection
    from attncli.insights.overview import Overview
    from attncli.insights.similarity import AtDistance
    from attncli.insights.versus.comparison import Comparison
    from attncli.insights.worked_example import WorkedExample
    from attncli.model.describing import Description
    from attncli.model.family_traits import FamilyTraits
    from attncli.model.stage_descriptions import StageDescription
    from attncli.render.page.page import Block, Options, Page

T = TypeVar("T")
FEW = 2
"""A trace of so few stages shows their numbers; one of more lists them."""
TITLE = 80
"""The characters of a text that are shown; it may be a whole chapter."""


class Results(tuple[T, ...]):
    """The results of a function, as a tuple. `head` says what they are of, `formula` how they were computed."""

    head: Trace
    formula: str

    def __new__(cls, results: Iterable[T] = (), head: Trace | None = None, formula: str = "") -> Results[T]:
        made = super().__new__(cls, results)
        made.head, made.formula = head or Trace(), formula
        for result in made[:1]:
            shown(result)
        return made

    def _repr_html_(self) -> str:
        return _html(self)


def shown(result: T) -> T:
    """The same result, whose type now has the method that Jupyter asks for."""
    _give_method(type(result))
    return result


def _give_method(kind: type) -> None:
    kind._repr_html_ = _html  # type: ignore[attr-defined]


def _html(result: Any) -> str:
    from attncli.render.documents.fragment import fragment
    from attncli.render.page.page import Options
    from attncli.render.page.small import small

    options = Options(say=language())
    kind = type(result[0] if isinstance(result, Results) and result else result)
    every, note = _SHOWN[kind.__name__]
    results = result if isinstance(result, Results) else Results([result])
    blocks = every(results, options)
    return fragment(chain(small(blocks), _note(note(result))), options)


def _note(text: str) -> Iterator[Block]:
    from attncli.render.page.blocks import Note

    yield Note(text)


# ------------------------------------------------------------------ the blocks of each kind of result


def _trace(results: Results[Trace], options: Options) -> Iterator[Block]:
    """The model, the tokens, and the stages: the numbers of a few, else a list."""
    from attncli.render.page.blocks import Heading
    from attncli.render.page.cells import fit
    from attncli.render.page.figures import Column, Table
    from attncli.text.visible import visible_line
    from attncli.views import stages as view
    from attncli.views.subject import opening

    (trace,) = results
    if trace.text is not None:
        yield Heading(fit(visible_line(trace.text), TITLE))
    yield from opening(trace, options.say)
    if len(trace) <= FEW:
        for stage in trace.values():
            yield from view.section(stage, trace, options).blocks()
        return
    stages = list(trace.values())
    cells = {
        N_("stage"): [stage.name for stage in stages],
        N_("formula"): [stage.formula for stage in stages],
        N_("shape"): [stage.shape_text for stage in stages],
    }
    yield Table([Column(title, texts, "label") for title, texts in cells.items()])


def _stage(results: Results[Stage], options: Options) -> Iterable[Block]:
    from attncli.views import stages as view

    return view.section(results[0], Trace(), options).blocks()


def _model(results: Results[Model], options: Options) -> Iterator[Block]:
    from attncli.views.subject import subject

    yield subject(results[0].info, options.say)


def _tokens(results: Results[Tokens], options: Options) -> Iterator[Block]:
    from attncli.views import tokens as view

    if len(results[0]):
        yield view.table(results[0].records(), options)


def _description(results: Results[Description], options: Options) -> Iterable[Block]:
    from attncli.views import model as view

    (description,) = results
    return _blocks(view.page(replace(description, card=None), options))


def _families(results: Results[FamilyTraits], options: Options) -> Iterable[Block]:
    from attncli.views import families as view

    return _blocks(view.page(results, options))


def _descriptions(results: Results[StageDescription], options: Options) -> Iterable[Block]:
    from attncli.views import stage_catalogue as view

    return _blocks(view.page(results, None, len(results) <= FEW))


def _overviews(results: Results[Overview], options: Options) -> Iterator[Block]:
    from attncli.views import overview as view
    from attncli.views.subject import opening

    yield from opening(results.head, options.say)
    for overview in results:
        yield view.overview_map(overview)


def _examples(results: Results[WorkedExample], options: Options) -> Iterable[Block]:
    from attncli.views import worked_example as view

    return _blocks(view.page(results.head, results[:1], None, None, options))


def _sections(results: Results[MapSection], options: Options) -> Iterator[Block]:
    from attncli.views import maps as view
    from attncli.views.subject import opening

    yield from opening(results.head, options.say)
    for section in results:
        yield view.head_maps(section, "layer")


def _distances(results: Results[AtDistance], options: Options) -> Iterable[Block]:
    from attncli.views import similarity as view

    return _blocks(view.page(results.formula, results, {}, options))


def _comparison(results: Results[Comparison], options: Options) -> Iterable[Block]:
    from attncli.insights.versus.settings import Settings
    from attncli.views import versus as view

    (comparison,) = results
    tokens, asked = comparison.tokens, comparison.settings
    if tokens is None:
        tokens = Tokens((), (), (), ())
    return _blocks(view.page(comparison, tokens, None, asked or Settings(), options))


def _blocks(page: Page) -> Iterator[Block]:
    yield from page.opening()
    for section in page.sections:
        yield from section.blocks()


# ------------------------------------------------------------------ how to see more


def _more_of_trace(trace: Trace) -> str:
    name = next(iter(trace), "weights")
    if len(trace) <= FEW:
        return N_('All numbers: trace["{name}"].values', name=name)
    return N_('{count} stages. One of them: trace["{name}"]', count=len(trace), name=name)


def _more_of_results(what: str, value: Any) -> str:
    if isinstance(value, Results) and len(value) > 1:
        return N_("1 of {count}. The next: result[1]. All numbers: {what}", count=len(value), what=what)
    return N_("All numbers: {what}", what=what)


Shown = tuple[Callable[[Any, "Options"], Iterable["Block"]], Callable[[Any], str]]
_SHOWN: dict[str, Shown] = {
    "Trace": (_trace, _more_of_trace),
    "Stage": (_stage, lambda stage: N_("All numbers: stage.values, {shape}", shape=stage.shape_text)),
    "Model": (_model, lambda model: N_('What it computes: attncli.trace("…", model=model)')),
    "Tokens": (_tokens, lambda tokens: N_("All of them: tokens.records()")),
    "Description": (_description, lambda found: N_("On a page: attn model {source}", source=found.source)),
    "FamilyTraits": (_families, lambda found: N_("All of them: [family.family for family in result]")),
    "StageDescription": (_descriptions, lambda found: N_("All of them: [stage.name for stage in result]")),
    "Overview": (_overviews, lambda found: N_("All numbers: result[0].values")),
    "WorkedExample": (_examples, lambda found: _more_of_results("result[0].steps", found)),
    "MapSection": (
        _sections,
        lambda found: N_("All numbers: result[0].maps[0].values. All maps: attn map … -o maps.html"),
    ),
    "AtDistance": (_distances, lambda found: N_("All of them: list(result)")),
    "Comparison": (
        _comparison,
        lambda found: N_("All results: result.influences, result.differences, result.sequential"),
    ),
}
"""By the name of a type, so that none is imported before there is one to show: its blocks, and how to see more."""

for _kind in (Trace, Stage, Model, Tokens):
    _give_method(_kind)
