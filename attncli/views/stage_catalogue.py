"""The catalogue of stages: a table of all, or everything about some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attncli.language import N_, listed
from attncli.model.stage_descriptions import StageDescription
from attncli.render.page.blocks import Formula, Heading, Note, Prose
from attncli.render.page.figures import Column, Table
from attncli.render.page.page import Block, Page, Section
from attncli.render.page.records import Records
from attncli.version import __version__

NOTE = N_(
    "Formulas differ between models: attn stages -m MODEL shows those of a model. Choose a stage with --stage, by "
    "any of its names: attn stages NAME lists them."
)


def page(stages: Sequence[StageDescription], model: str | None, whole: bool) -> Page:
    """The stages of a model, or of all families where `model` is None. `whole`: everything about each, not a
    table."""
    records = Records([_record(stage) for stage in stages])
    return Page(
        title="attn stages",
        head={"schema": "attn.stages/1", "version": __version__, "model": model},
        items="stages",
        sections=[Section(lambda: _whole(stages) if whole else _table(stages), records)],
    )


def _table(stages: Sequence[StageDescription]) -> Iterator[Block]:
    yield Table(
        [
            Column(N_("stage"), [stage.name for stage in stages], "label"),
            Column(N_("formula"), [stage.formula for stage in stages], "words"),
            Column(N_("meaning"), [stage.meaning for stage in stages], "words"),
        ]
    )
    yield Note(NOTE)


def _whole(stages: Iterable[StageDescription]) -> Iterator[Block]:
    for stage in stages:
        yield Heading(stage.name)
        yield Formula(stage.formula, stage.meaning, stage.detail)
        facts = [
            N_("symbol {symbol}, axes [{axes}]", symbol=stage.symbol, axes=listed(*stage.axes)),
            N_("the formula of {family} models", family=stage.family),
            *([N_("computed on request only: name it with --stage")] if stage.on_request else []),
        ]
        yield Prose(listed(*facts), quiet=True)
        tools = {tool: names for tool, names in stage.names.items() if names}
        if tools:
            yield Table(
                [
                    Column(
                        N_("called by"),
                        [N_("other words") if tool == "words" else tool for tool in tools],
                        "label",
                    ),
                    Column(N_("name"), [", ".join(names) for names in tools.values()], "words"),
                ]
            )


def _record(stage: StageDescription) -> dict[str, Any]:
    """A stage as in attncli/schemas/stages-1.json."""
    return {
        "stage": stage.name,
        "symbol": stage.symbol,
        "axes": list(stage.axes),
        "formula": stage.formula,
        "meaning": stage.meaning,
        "detail": stage.detail,
        "family": stage.family,
        "on_request": stage.on_request,
        "transformer_lens": list(stage.names["TransformerLens"]),
        "llama_cpp": list(stage.names["llama.cpp"]),
        "transformers": list(stage.names["transformers"]),
        "words": list(stage.names["words"]),
    }
