"""The matrices of a model's heads: which there are, and how they are pooled and scored during the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attncli.architecture.spec import Spec
from attncli.errors import UsageError, nearest
from attncli.formula.pooling import How, Pool, Side
from attncli.formula.types import Array, Index
from attncli.insights.focus import FocusFinder
from attncli.insights.head_scores import Scorer, Scores
from attncli.insights.maps import NO_VALUES, HeadMatrix, MapSection
from attncli.language import N_, listed
from attncli.model.model import Model
from attncli.model.running import run
from attncli.stages import attention_of, entry_of, layer_of, offered, relative
from attncli.stages.aliases import Modules
from attncli.stages.names import ATTENTIONS, FROM_MASK_ON, SELF, WEIGHTS, is_cross, within_attention
from attncli.stages.selecting import select
from attncli.text.tokens import Tokens
from attncli.tracing.recorder import stage_of
from attncli.tracing.selection import Selection
from attncli.tracing.trace import Trace

KeysOf = Callable[[str, Tokens | None], "Sequence[int] | None"]
"""(the name of a stage, the tokens along its keys) -> the keys to show, None for all."""


def map_stages(
    spec: Spec, patterns: Sequence[str], layers: dict[str, set[int]], modules: Modules = lambda: {}
) -> list[str]:
    """The names of the stages to map; without patterns the weights of every attention. Raises UsageError for a
    stage without queries and keys."""
    if not patterns:
        every = {relative(name) for name in offered(spec)}
        patterns = [name for name in tuple(f"{attention}{WEIGHTS}" for attention in ATTENTIONS) if name in every]
    names = select(spec, patterns, layers, modules)
    for name in names:
        axes = entry_of(name).axes
        if "query" not in axes or axes[-1] not in ("key", "key_or_sink"):
            known = dict.fromkeys(relative(n) for n in offered(spec) if entry_of(n).axes[1:2] == ("query",)
                                  and entry_of(n).axes[-1].startswith("key"))  # fmt: skip
            raise UsageError(
                N_("{name} is [{axes}]: a map needs queries and keys.", name=relative(name), axes=listed(*axes)),
                nearest(relative(name), known),
            )
    return names


def plan_maps(spec: Spec, head: Trace, selection: Selection, keys: KeysOf, how: How) -> list[MapSection]:
    """The sections of the maps to come, without values and not pooled: one for each stage, with all its layers."""
    groups: dict[str, list[str]] = {}
    for name in selection.stages:
        before, layer, after = name.partition(f"layers.{layer_of(name)}.")
        groups.setdefault(f"{before}layers.*.{after}" if layer else name, []).append(name)
    return [_planned_section(spec, head, selection, keys, how, star, names) for star, names in groups.items()]


def _planned_section(
    spec: Spec, head: Trace, selection: Selection, keys: KeysOf, how: How, star: str, names: list[str]
) -> MapSection:
    stages = [stage_of(spec, name, np.empty((0, 0, 0))) for name in names]
    query_tokens, key_tokens = (head.tokens_along(stages[0], axis) for axis in ("query", "key"))
    assert query_tokens is not None
    assert key_tokens is not None
    rows = selection.rows(names[0])
    queries = range(len(query_tokens)) if rows is None else rows
    key_texts = list(key_tokens.texts)
    chosen = keys(names[0], key_tokens)
    columns = list(range(len(key_tokens)) if chosen is None else chosen)
    if stages[0].axes[-1] == "key_or_sink":
        columns, key_texts = [*columns, len(key_tokens)], [*key_texts, N_("sink")]
    formulas = {stage.formula for stage in stages}
    several = N_("{symbol}, by a formula of each layer's own", symbol=stages[0].symbol)
    return MapSection(
        name=star if len(names) > 1 else names[0],
        rows=Side("query", tuple(queries), [query_tokens.texts[i] for i in queries]),
        columns=Side("key", tuple(columns), [key_texts[i] for i in columns]),
        maps=tuple(
            HeadMatrix(name, NO_VALUES, layer_of(name), number)
            for name in names
            for number in _heads(spec, selection, name)
        ),
        formula=stages[0].formula if len(formulas) == 1 else several,
        meaning=stages[0].meaning,
        how=how,
    )


def _heads(spec: Spec, selection: Selection, name: str) -> Sequence[int]:
    heads = selection.heads_in(name)
    return range(attention_of(spec, name).heads) if heads is None else heads


@dataclass(frozen=True, eq=False)
class _Pooling:
    """A stage that is being pooled, and scored if it is weights. `focus`: of a single head."""

    columns: Index | None  # the keys that are shown, None: all
    heads: Index
    rows: Index
    pool: Pool
    scorer: Scorer | None
    focus: FocusFinder | None
    allowed: Callable[[Index], NDArray[np.bool_]]
    """Queries -> the keys that each may attend to, [query, key]."""

    def add(self, heads: Index, rows: Index, values: Array) -> None:
        """Adds a slab [head, row, key]."""
        positions, allowed = np.searchsorted(self.heads, heads), self.allowed(rows)
        if self.scorer is not None:
            self.scorer.add(positions, rows, values, allowed)
        if self.focus is not None:
            self.focus.add(rows, values[0], allowed)
        if self.columns is not None:
            values, allowed = values[..., self.columns], allowed[:, self.columns]
        self.pool.add(positions, np.searchsorted(self.rows, rows), values, allowed)

    def matrices(self) -> dict[int, tuple[Array, Scores | None]]:
        """The pooled matrix of each head, and its scores."""
        scores = [None] * len(self.heads) if self.scorer is None else self.scorer.result()
        return dict(zip(self.heads.tolist(), zip(self.pool.result(), scores, strict=True), strict=True))


def compute_maps(
    model: Model,
    tokens: Tokens,
    target: Tokens | None,
    selection: Selection,
    sections: Sequence[MapSection],
    progress: Callable[[float], None] = lambda fraction: None,
    seen: Callable[[str, Array], None] = lambda name, values: None,
) -> list[MapSection]:
    """Runs the model and gives the sections with the values of their maps. Only the pooled numbers are kept.
    `seen` is called with the name and the values of each slab of a stage."""
    pooling = {
        name: _pooling(model.spec, name, section, tokens, target)
        for section in sections
        for name in dict.fromkeys(matrix.stage for matrix in section.maps)
    }

    def on_part(name: str, heads: Index, rows: Index, values: Array) -> None:
        seen(name, values)
        pooling[name].add(heads, rows, values)

    run(model, tokens, selection, lambda stage: None, None, target, progress, on_part)
    matrices = {name: stage.matrices() for name, stage in pooling.items()}

    def filled(matrix: HeadMatrix) -> HeadMatrix:
        assert matrix.head is not None
        values, scores = matrices[matrix.stage][matrix.head]
        focus = pooling[matrix.stage].focus
        return replace(matrix, values=values, scores=scores, focus=None if focus is None else focus.result())

    return [replace(section, maps=tuple(map(filled, section.maps))) for section in sections]


def _pooling(spec: Spec, name: str, section: MapSection, tokens: Tokens, target: Tokens | None) -> _Pooling:
    stage, rows, columns = relative(name), np.asarray(section.rows.indices), np.asarray(section.columns.indices)
    heads = np.asarray([matrix.head for matrix in section.maps if matrix.stage == name])
    query_tokens = tokens if target is None or name.startswith("encoder.") else target
    key_tokens = tokens if is_cross(name) else query_tokens
    keys = np.arange(len(key_tokens))
    mask = attention_of(spec, name).mask.allowed if within_attention(stage) in FROM_MASK_ON else None
    sink = entry_of(name).axes[-1] == "key_or_sink"
    focused = len(section.maps) == 1 and within_attention(stage) == WEIGHTS

    def allowed(queries: Index) -> NDArray[np.bool_]:
        shape = len(queries), len(keys)
        of_keys = np.ones(shape, dtype=bool) if mask is None else mask(queries, keys)
        return np.append(of_keys, np.ones((len(queries), 1), dtype=bool), axis=1) if sink else of_keys

    return _Pooling(
        columns=None if len(columns) == len(keys) + sink else columns,
        heads=heads,
        rows=rows,
        pool=Pool(len(heads), len(rows), len(columns), (section.rows.step, section.columns.step), section.how),
        scorer=Scorer(len(heads), query_tokens.ids) if stage == f"{SELF}.{WEIGHTS}" else None,
        focus=FocusFinder(query_tokens.texts, key_tokens.texts, not is_cross(name)) if focused else None,
        allowed=allowed,
    )
