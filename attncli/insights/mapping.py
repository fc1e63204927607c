"""The matrices of a model's heads as maps: which there are, and how they are made as the forward goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, nearest
from attncli.formula.types import Array, Index
from attncli.insights.maps import HeadMap, Section, Side
from attncli.insights.marks import Scorer
from attncli.insights.pooling import How, Pool
from attncli.model.running import Model, run
from attncli.stages import attention_of, entry_of, layer_of, offered, relative
from attncli.stages.selecting import select
from attncli.text.language import N_
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.tracing.recorder import stage_of
from attncli.tracing.selection import Selection
from attncli.tracing.trace import Trace

Chosen = Callable[[str, Tokens | None], "Sequence[int] | None"]
"""(the name of a stage, the tokens along its keys) -> which of them to show, None: all."""
MASKED = ("masked", "weights", "weights_with_sink")
"""The stages from the mask on: before it every query has a score for every key."""


def map_stages(spec: Spec, patterns: Sequence[str], layers: dict[str, set[int]]) -> list[str]:
    """The names of the stages to map; without patterns every attention's weights. Raises UsageError for a stage
    that has no queries and keys."""
    if not patterns:
        every = {relative(name) for name in offered(spec)}
        patterns = [name for name in ("attn.weights", "cross.weights") if name in every]
    names = select(spec, patterns, layers)
    for name in names:
        axes = entry_of(name).axes
        if "query" not in axes or axes[-1] not in ("key", "key_or_sink"):
            known = dict.fromkeys(relative(n) for n in offered(spec) if entry_of(n).axes[1:2] == ("query",)
                                  and entry_of(n).axes[-1].startswith("key"))  # fmt: skip
            raise UsageError(
                f"{relative(name)} is [{', '.join(axes)}]: a map needs queries and keys.",
                nearest(relative(name), known),
            )
    return names


def planned(spec: Spec, head: Trace, selection: Selection, keys: Chosen, how: How) -> list[Section]:
    """The sections of the maps to come, the stages of a name in all their layers one each, not pooled yet."""
    groups: dict[str, list[str]] = {}
    for name in selection.stages:
        before, layer, after = name.partition(f"layers.{layer_of(name)}.")
        groups.setdefault(f"{before}layers.*.{after}" if layer else name, []).append(name)
    return [_section(spec, head, selection, keys, how, star, names) for star, names in groups.items()]


def _section(
    spec: Spec, head: Trace, selection: Selection, keys: Chosen, how: How, star: str, names: list[str]
) -> Section:
    facts = [stage_of(spec, name, np.empty((0, 0, 0))) for name in names]
    along = {axis: head.tokens_along(facts[0], axis) for axis in ("query", "key")}
    queries, of_keys = along["query"], along["key"]
    assert queries is not None
    assert of_keys is not None
    wanted_rows, wanted_keys = selection.rows(names[0]), keys(names[0], of_keys)
    rows = range(len(queries)) if wanted_rows is None else wanted_rows
    names_of_keys = [visible(text) for text in of_keys.texts]
    columns: list[int] = list(range(len(of_keys)) if wanted_keys is None else wanted_keys)
    if facts[0].axes[-1] == "key_or_sink":
        columns, names_of_keys = [*columns, len(of_keys)], [*names_of_keys, "sink"]
    formulas = {fact.formula for fact in facts}
    return Section(
        name=star if len(names) > 1 else names[0],
        rows=Side("query", tuple(rows), [visible(queries.texts[i]) for i in rows]),
        columns=Side("key", tuple(columns), [names_of_keys[i] for i in columns]),
        maps=tuple(
            HeadMap(name, np.empty((0, 0)), layer_of(name), head_)
            for name in names
            for head_ in (range(attention_of(spec, name).heads) if selection.heads is None else selection.heads)
        ),
        formula=facts[0].formula
        if len(formulas) == 1
        else N_("{symbol}, as each layer has it", symbol=facts[0].symbol),
        meaning=facts[0].meaning,
        how=how,
    )


@dataclass(frozen=True, eq=False)
class _Making:
    """A stage whose maps are being made."""

    section: Section
    heads: Index
    rows: Index
    pool: Pool
    scorer: Scorer | None
    allowed: Callable[[Index], NDArray[np.bool_]]
    """Rows by their positions -> which keys each may see, [row, key]."""

    def add(self, heads: Index, rows: Index, values: Array) -> None:
        places, allowed = np.searchsorted(self.heads, heads), self.allowed(rows)
        if self.scorer is not None:
            self.scorer.add(places, rows, values, allowed)
        columns = np.asarray(self.section.columns.indices)
        if len(columns) < values.shape[-1]:
            values, allowed = values[..., columns], allowed[:, columns]
        self.pool.add(places, np.searchsorted(self.rows, rows), values, allowed)


def made(
    model: Model,
    tokens: Tokens,
    target: Tokens | None,
    selection: Selection,
    sections: Sequence[Section],
    progress: Callable[[float], None] = lambda fraction: None,
    seen: Callable[[str, Array], None] = lambda name, values: None,
) -> list[Section]:
    """Runs the model and gives the sections with their maps. Of what the forward computes only the pooled numbers
    are kept; `seen` is shown each part of a stage as it comes."""
    making = {name: _making(model.spec, name, section, tokens, target)
              for section in sections for name in dict.fromkeys(one.stage for one in section.maps)}  # fmt: skip

    def on_part(name: str, heads: Index, rows: Index, values: Array) -> None:
        seen(name, values)
        making[name].add(heads, rows, values)

    run(model, tokens, selection, lambda stage: None, None, target, progress, on_part)
    return [_finished(section, making) for section in sections]


def _making(spec: Spec, name: str, section: Section, tokens: Tokens, target: Tokens | None) -> _Making:
    rows, columns = np.asarray(section.rows.indices), section.columns
    heads = np.asarray([one.head for one in section.maps if one.stage == name])
    short = relative(name)
    crossed = short.startswith("cross.")
    of_rows = tokens if target is None or name.startswith("encoder.") else target
    count = len(tokens if crossed else of_rows)
    mask = attention_of(spec, name).mask.allowed if short.rpartition(".")[2] in MASKED else None
    sink = entry_of(name).axes[-1] == "key_or_sink"

    def allowed(queries: Index) -> NDArray[np.bool_]:
        keys = np.arange(count)
        seen = np.ones((len(queries), count), dtype=bool) if mask is None else mask(queries, keys)
        return np.append(seen, np.ones((len(queries), 1), dtype=bool), axis=1) if sink else seen

    return _Making(
        section=section,
        heads=heads,
        rows=rows,
        pool=Pool(len(heads), len(rows), len(columns.indices), (section.rows.step, columns.step), section.how),
        scorer=Scorer(len(heads), of_rows.ids) if short == "attn.weights" else None,
        allowed=allowed,
    )


def _finished(section: Section, making: dict[str, _Making]) -> Section:
    values = {name: one.pool.result() for name, one in making.items() if one.section is section}
    scores = {name: making[name].scorer for name in values}
    of_heads = {name: None if scorer is None else scorer.result() for name, scorer in scores.items()}
    finished = []
    for one in section.maps:
        at = int(np.searchsorted(making[one.stage].heads, one.head or 0))
        told = of_heads[one.stage]
        finished.append(replace(one, values=values[one.stage][at], scores=None if told is None else told[at]))
    return replace(section, maps=tuple(finished))
