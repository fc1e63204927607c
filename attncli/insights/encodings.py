"""Positional encodings as stages, for `attn pe`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attncli.errors import UsageError
from attncli.formula import positions as formula
from attncli.formula.pooling import Side, pooled
from attncli.formula.types import Array
from attncli.insights.maps import NO_VALUES, HeadMatrix, MapSection
from attncli.insights.similarity import dot_products
from attncli.language import N_, joined
from attncli.model.model import Model
from attncli.stages.embedding import position_table
from attncli.tracing.stage import Stage

WAVES = ("dimension", "pair", "d_model")
"""The axes whose lines are waves of different lengths."""


def sinusoidal(dim: int, base: float, positions: Sequence[int]) -> list[Stage]:
    """One stage, float64 [position, dimension]."""
    table = formula.sinusoidal(np.asarray(positions), dim, base)
    angle = f"pos / {base:g}^(2i/{dim})"
    text = N_("PE(pos, 2i) = sin({angle}), PE(pos, 2i+1) = cos(the same)", angle=angle)
    return [_stage("pe.sinusoidal", table, ("position", "dimension"), "PE", text, positions)]


def rotary(dim: int, base: float, positions: Sequence[int]) -> list[Stage]:
    """Angles in radians, their cosine and sine. float64 [position, pair] each."""
    return _rotary(formula.inverse_frequencies(dim, base), f"θ = pos · {base:g}^(-2i/{dim})", positions)


def _rotary(frequencies: Array, text: str, positions: Sequence[int]) -> list[Stage]:
    angles = formula.rotary_angles(np.asarray(positions), frequencies)
    axes = ("position", "pair")
    return [
        _stage("pe.angles", angles, axes, "θ", text, positions, N_("radians, by pair of dimensions")),
        _stage("pe.cos", np.cos(angles), axes, "cos θ", "cos θ", positions),
        _stage("pe.sin", np.sin(angles), axes, "sin θ", "sin θ", positions),
    ]


def alibi(heads: int, positions: Sequence[int]) -> list[Stage]:
    """Slopes [head], and the bias [head, query, key] that is added to scaled scores."""
    slopes = formula.alibi_slopes(heads)
    indices = np.asarray(positions)
    bias = formula.alibi_bias(slopes, indices, np.arange(indices.max() + 1))
    return [
        _stage("pe.slopes", slopes, ("head",), "m", N_("m = 2^(-8h/n) for head h of n, from 1"), None),
        _stage("pe.bias", bias, ("head", "query", "key"), "B", "B = -m |query - key|", positions),
    ]


def of_model(model: Model, positions: Sequence[int]) -> list[Stage]:
    """A checkpoint's own table, learned or computed, or its rotary angles. Raises UsageError for a model with
    neither."""
    embed, rotary = model.spec.main.embed, model.spec.attention.rotary
    if rotary is not None:
        return _rotary(rotary.frequencies(max(positions) + 1), N_("θ = pos · the model's frequencies"), positions)
    rows = embed.position_of([-1] * (max(positions) + 1))[list(positions)]  # -1: no padding, which has no position
    if embed.stored_positions:
        name, text = model.spec.main.prefix + "embed.positions.weight", f"P = P[{embed.position_text}]"
        table = model.weights.rows(name, rows)
    elif embed.table is not None:
        text, table = joined(" = ", "P", position_table(embed)), embed.table(rows, model.spec.d_model)
    else:
        raise UsageError(
            N_(
                "{name} has {positions} positions, which are not in a table.",
                name=model.name,
                positions=embed.positions,
            )
        )
    return [_stage("embed.positions", table, ("position", "d_model"), "P", text, positions)]


def vectors(stages: Sequence[Stage]) -> tuple[Array, str]:
    """The encodings to multiply, [position, d], and the formula of their dot products: the rows of a table, or the
    cosines and sines of rotary angles, since cos a cos b + sin a sin b = cos(a - b). Raises UsageError for
    ALiBi."""
    by_name = {stage.name: stage.values for stage in stages}
    if "pe.bias" in by_name:
        raise UsageError(
            N_("ALiBi adds a bias to scores: there are no encodings to multiply."),
            N_("attn pe --positions alibi --map draws the bias."),
        )
    if "pe.cos" in by_name:
        both = np.concatenate([by_name["pe.cos"], by_name["pe.sin"]], axis=1)
        return both, "Σ cos θ_i cos θ_j + sin θ_i sin θ_j = Σ cos(θ_i - θ_j)"
    return stages[0].values, "P_i · P_j"


def of_pairs(stages: Sequence[Stage]) -> Stage:
    """The dot product of every encoding with every other, float64 [position, position]. Raises UsageError for
    ALiBi."""
    encodings, text = vectors(stages)
    positions = stages[0].row_indices
    return _stage("pe.products", dot_products(encodings), ("position", "position"), "G", f"G = {text}", positions)


def planned_map(stage: Stage) -> MapSection:
    """The section of a stage [position, …] or [head, query, key] as maps, without values and not pooled."""
    *_, row_axis, column_axis = stage.axes
    rows = tuple(stage.row_indices)
    columns = rows if column_axis == "position" else tuple(range(stage.values.shape[-1]))
    return MapSection(
        name=stage.name,
        rows=Side(row_axis, rows),
        columns=Side(column_axis, columns),
        maps=tuple(HeadMatrix(stage.name, NO_VALUES, None, head) for head in (stage.head_indices or (None,))),
        formula=stage.formula,
        meaning=stage.meaning,
        how="mean",
    )


def pooled_map(section: MapSection, stage: Stage, apart: bool = False) -> MapSection:
    """The planned section of a stage with the values of its maps: of positions that share a cell the mean, which
    leaves waves in sight that are longer than the cell. Of dimensions that share a cell one stays: neighbors are
    waves of different lengths, and a mean or the largest of them would be noise. `apart`: sines stand before
    cosines, which alternate otherwise."""
    matrices = stage.values if stage.head_indices else stage.values[None]
    shown, note = _columns_shown(section, apart)
    columns = (
        section.columns
        if shown is None
        else replace(section.columns, indices=tuple(section.columns.indices[at] for at in shown), step=1)
    )
    steps = section.rows.step, columns.step
    values = [pooled(matrix if shown is None else matrix[:, shown], steps, "mean") for matrix in matrices]
    maps = zip(section.maps, values, strict=True)
    return replace(
        section, columns=columns, maps=tuple(replace(head, values=array) for head, array in maps), note=note
    )


def _columns_shown(section: MapSection, apart: bool) -> tuple[list[int] | None, str]:
    """Which columns are shown, None for all as they are, and a text about it."""
    axis, count, every = section.columns.axis, len(section.columns.indices), section.columns.step
    if axis not in WAVES:
        return None, ""
    if axis == "dimension":
        sines, cosines = list(range(0, count, 2 * every)), list(range(1, count, 2 * every))
        if apart:
            if every == 1:
                return sines + cosines, N_("columns: the sines (even dimensions), then the cosines (odd)")
            text = N_(
                "columns: one sine in {every} (even dimensions), then one cosine in {every} (odd)", every=every
            )
            return sines + cosines, text
        if every > 1:
            text = N_("columns: one sine and cosine in {every}, of {count} dimensions", every=every, count=count)
            return sorted(sines + cosines), text
        return None, ""
    if every == 1:
        return None, ""
    text = N_("columns: one {axis} in {every}, of {count}", axis=N_(axis), every=every, count=count)
    return list(range(0, count, every)), text


def _stage(
    name: str,
    values: Array,
    axes: tuple[str, ...],
    symbol: str,
    text: str,
    positions: Sequence[int] | None,
    meaning: str = "",
) -> Stage:
    rows = None if positions is None else tuple(positions)
    return Stage(name, values, axes, symbol, text, meaning, rows=rows)
