"""Options that would have no effect are refused, not ignored: when, and why, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attncli.cli.pictures import PICTURES
from attncli.errors import UsageError
from attncli.language import N_
from attncli.model.request import Indices, Output
from attncli.model.seeding import SHAPE
from attncli.render.page.formats import FORMATS, format_of

if TYPE_CHECKING:
    from attncli.model.pipeline import Prepared


@dataclass(frozen=True)
class Given:
    """What a user gave. `options`: the names of the options, by parameter; `words`: what --only lists."""

    command: str
    options: frozenset[str]
    output: Output
    words: frozenset[str] = frozenset()

    def __contains__(self, option: str) -> bool:
        return option in self.options

    @property
    def format(self) -> str:
        path = self.output.path
        return self.output.format or (None if path is None else format_of(path.name)) or "table"

    @property
    def for_programs(self) -> bool:
        return self.format in FORMATS and FORMATS[self.format].kind in ("data", "arrays")

    @property
    def as_map(self) -> bool:
        return self.command == "map" or "as_map" in self or self.format in PICTURES


@dataclass(frozen=True)
class Idle:
    """Some options, when they have no effect, and why, with {format} and {command}."""

    options: tuple[str, ...]
    when: Callable[[Given], bool]
    why: str


RULES = (
    Idle(("precision",), lambda g: g.for_programs, N_("{format} has every digit")),
    Idle(("full",), lambda g: g.for_programs and not g.as_map, N_("{format} has all rows and columns")),
    Idle(("precision",), lambda g: g.command == "pe" and g.as_map and g.format != "md",
         N_("a map shows colors, not digits")),
    Idle(("precision",), lambda g: g.words == {"sequential"}, N_("times are rounded by their size")),
    Idle(("full",), lambda g: g.command == "versus" and bool(g.words) and "range" not in g.words,
         N_("only the experiment range leaves out rows")),
    Idle(("special_tokens",), lambda g: "ids" in g and "target" not in g, N_("--ids are taken as they are")),
    Idle(("top",), lambda g: "key" in g and g.for_programs, N_("{format} has every product")),
    Idle(SHAPE, lambda g: g.command == "tokens", N_("tokens do not depend on the weights")),
    Idle(("tokenizer",), lambda g: g.command == "versus" and "ids" in g, N_("--ids are taken as they are")),
)  # fmt: skip
"""For every command; what depends on the model or on the selected stages is told by those who know them."""


def refuse_idle(given: Given, flag: Callable[[str], str]) -> None:
    """Raises UsageError for an option that the user gave and that would have no effect. `flag` is how the user
    writes a parameter."""
    for rule in RULES:
        for option in rule.options:
            if option in given and rule.when(given):
                why = N_(str(rule.why), format=given.format) if "{format}" in rule.why else rule.why
                raise no_effect(flag(option), why)


def refuse_idle_scope(prepared: Prepared, stages: Sequence[str], head: Indices | None) -> None:
    """Raises UsageError for an option of the selection that makes no difference for the selected stages. `head`:
    what the user asked for with --head."""
    from attncli.model.heads import EVERY
    from attncli.stages import HEAD_AXES, entry_of, layer_of
    from attncli.stages.names import LOGITS, PROBS

    scope = prepared.request.scope
    if scope.top is not None and not {LOGITS, PROBS} & set(stages):
        raise no_effect("--top", N_("neither logits nor probs are selected"))
    if head not in EVERY and not any(entry_of(name).axes[0] in HEAD_AXES for name in stages):
        raise no_effect("--head", N_("no selected stage has heads"))
    if scope.layers in EVERY or scope.stages is None:
        return
    named = all("layers." in pattern or "blocks." in pattern for pattern in scope.stages)
    if named or all(layer_of(name) is None for name in stages):
        raise no_effect("--layer", N_("no selected stage is in a layer that it could choose"))


def no_effect(flag: str, why: str) -> UsageError:
    """The error for an option that would have no effect."""
    return UsageError(N_("{flag} would have no effect here: {why}.", flag=flag, why=why), N_("Leave it out."))
