"""What maps are made of: pooling, scores of heads that come in parts, levels, and text that lines up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.cells import cell_len

import attncli
from attncli.api import tokenize
from attncli.formula.pooling import Pool, Side, blocks, pooled, step
from attncli.insights.head_scores import Scorer, Scores, entropy
from attncli.insights.mapping import compute_maps, plan_maps
from attncli.insights.maps import HeadMatrix, MapSection, in_order
from attncli.insights.patterns import PATTERNS, score
from attncli.insights.similarity import by_distance, dot_products
from attncli.language import ENGLISH
from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, levels
from attncli.render.terminal.heatmap import cell_numbers, heatmap, laid_out
from attncli.render.terminal.ink import ink, painted
from attncli.render.terminal.scale import scale_lines
from attncli.tracing import slabs
from attncli.tracing.selection import Selection
from attncli.tracing.trace import Trace

matrices = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.floats(-9, 9))
steps = st.tuples(st.integers(1, 5), st.integers(1, 5))


# ------------------------------------------------------------------ pooling


@given(matrices, steps)
def test_a_cell_holds_the_number_of_its_block_that_is_farthest_from_zero(
    values: Any, size: tuple[int, int]
) -> None:
    made = pooled(values, size)
    for i, rows in enumerate(blocks(len(values), size[0])):
        for j, columns in enumerate(blocks(values.shape[1], size[1])):
            block = values[rows.start : rows.stop, columns.start : columns.stop]
            assert made[i, j] in block
            assert abs(made[i, j]) == np.abs(block).max()


@given(matrices, steps)
def test_a_cell_may_hold_the_mean_of_its_block(values: Any, size: tuple[int, int]) -> None:
    made = pooled(values, size, "mean")
    block = values[: size[0], : size[1]]
    assert made[0, 0] == pytest.approx(block.mean(), abs=1e-9)
    assert made.min() >= values.min() - 1e-9
    assert made.max() <= values.max() + 1e-9


@given(matrices)
def test_blocks_of_one_change_nothing(values: Any) -> None:
    for how in ("max", "mean"):
        np.testing.assert_array_equal(pooled(values, (1, 1), how), values)


@given(matrices, steps, st.integers(0, 11), st.sampled_from(["max", "mean"]))
def test_parts_pool_to_what_the_whole_does(values: Any, size: tuple[int, int], cut: int, how: Any) -> None:
    rows, columns = values.shape
    cut = min(cut, rows)
    pool = Pool(2, rows, columns, size, how)
    for part in (range(cut, rows), range(cut)):
        if len(part):
            at = np.array(part)
            both = np.stack([values[at], -values[at]])
            pool.add(np.array([0, 1]), at, both, np.ones((len(at), columns), dtype=bool))
    np.testing.assert_allclose(pool.result()[0], pooled(values, size, how), atol=1e-12)
    np.testing.assert_allclose(np.abs(pool.result()[1]), np.abs(pooled(-values, size, how)), atol=1e-12)


@pytest.mark.parametrize("how", ["max", "mean"])
def test_what_is_not_allowed_does_not_count(how: Any) -> None:
    values = np.where(np.tri(4, dtype=bool), -2.0, -np.inf)
    np.testing.assert_array_equal(pooled(values, (2, 2), how), [[-2, -np.inf], [-2, -2]])


def test_what_is_no_number_stays_in_sight() -> None:
    values = np.zeros((4, 4))
    values[3, 0] = np.nan
    for how in ("max", "mean"):
        made = pooled(values, (2, 2), how)
        assert np.isnan(made[1, 0])
        assert np.isfinite(np.delete(made.ravel(), 2)).all()


@given(st.integers(1, 5000), st.integers(1, 300))
def test_a_step_fits_the_room_and_is_the_smallest(count: int, room: int) -> None:
    size = step(count, room)
    assert len(blocks(count, size)) <= room
    assert size == 1 or len(blocks(count, size - 1)) > room


# ------------------------------------------------------------------ what heads do


def causal_weights(*heads: Any) -> Any:
    """[head, query, key] of functions (query, key) -> weight before the rows are made to sum to 1."""
    n = 12
    raw = np.array([[[f(q, k) if k <= q else 0 for k in range(n)] for q in range(n)] for f in heads], float)
    return raw / np.maximum(raw.sum(-1, keepdims=True), 1e-30)


IDS = [9, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1]
"""A beginning, then the same five tokens again and again."""


def clear(favoured: Any) -> Any:
    """A head that puts nearly all weight where `favoured` says."""
    return lambda q, k: 1.0 if favoured(q, k) else 0.001


HEADS = {
    "previous": clear(lambda q, k: k == max(q - 1, 0)),
    "first": clear(lambda q, k: k == 0),
    "self": clear(lambda q, k: k == q),
    "same": clear(lambda q, k: k == q - 5 and k > 0),
    "induction": clear(lambda q, k: k == q - 4 and q > 5),
    "even": lambda q, k: 1.0,
}


def scored(weights: Any, cut: int) -> list[Scores]:
    """Scores of heads that come in two parts of rows and two of heads."""
    scorer = Scorer(len(weights), IDS)
    allowed = np.tri(len(IDS), dtype=bool)
    for rows in (np.arange(cut), np.arange(cut, len(IDS))):
        for heads in (np.arange(2), np.arange(2, len(weights))):
            scorer.add(heads, rows, weights[np.ix_(heads, rows)], allowed[rows])
    return scorer.result()


@pytest.mark.parametrize("cut", [1, 5, 11])
def test_heads_are_scored_in_parts_as_a_whole(cut: int) -> None:
    weights = causal_weights(*HEADS.values())
    for head, found in enumerate(scored(weights, cut)):
        for kind, pairs in PATTERNS.items():
            assert found.kinds[kind] == pytest.approx(score(weights[head], pairs(IDS)))
        assert found.entropy == pytest.approx(entropy(weights[head]).mean())


def test_what_is_clear_is_marked_and_nothing_else() -> None:
    found = scored(causal_weights(*HEADS.values()), 4)
    assert [one.mark for one in found] == ["previous", "first", "self", "same", "induction", None]


def test_a_head_that_rests_on_the_first_token_is_marked_by_what_it_does_else() -> None:
    def resting(share: float) -> Any:
        """Looks for what came after the last equal token, and rests on the first one with the other weight."""
        return lambda q, k: (
            1.0 if q <= 5 and k == 0 else (share if k == q - 4 else 1 - share if k == 0 else 0) if q > 5 else 0
        )

    weights = causal_weights(resting(0.4), resting(0.3), resting(0.2), resting(0))
    assert [one.mark for one in scored(weights, 4)] == ["induction", "induction", "first", "first"]


def test_looking_at_everything_alike_is_no_mark_however_few_tokens_there_are() -> None:
    for n in (1, 2, 3):
        weights = np.tri(n)[None] / np.arange(1, n + 1)[:, None]
        scorer = Scorer(1, list(range(n)))
        scorer.add(np.array([0]), np.arange(n), weights, np.tri(n, dtype=bool))
        assert scorer.result()[0].mark is None


def test_entropy_is_in_bits() -> None:
    np.testing.assert_allclose(entropy(np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])), [0, 1, 2])


def test_the_order_is_by_the_score_and_heads_without_one_come_last() -> None:
    def head(number: int, first: float, bits: float) -> HeadMatrix:
        kinds = dict.fromkeys(PATTERNS, np.nan) | {"first": first}
        return HeadMatrix("s", np.zeros((1, 1)), 0, number, Scores(kinds, bits, None))

    maps = (head(0, 0.2, 3.0), head(1, 0.9, 2.0), HeadMatrix("s", np.zeros((1, 1)), 0, 2), head(3, 0.5, 1.0))
    section = MapSection("s", Side("query", [0]), Side("key", [0]), maps)
    order = {sort: [one.head for one in in_order(section, sort).maps] for sort in ("layer", "first", "entropy")}
    assert order == {"layer": [0, 1, 2, 3], "first": [1, 3, 0, 2], "entropy": [3, 1, 0, 2]}


# ------------------------------------------------------------------ of a model


@pytest.mark.parametrize("slab", [1 << 22, 40, 7])
def test_the_maps_of_a_model_are_the_numbers_of_its_trace(slab: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slabs, "SLAB", slab)
    text = "a b c a b c a"
    model = attncli.load_model(seed=0)
    tokens = tokenize(model, text)
    bound = model.bind(model, tokens)
    stages = tuple(f"layers.{i}.attn.{name}" for i in (0, 1) for name in ("scores", "masked", "weights"))
    selection = Selection(stages, (1,), (2, 5, 6))
    plan = plan_maps(bound.spec, Trace(tokens=tokens), selection, lambda name, tokens: (1, 2, 4), "max")
    sections = compute_maps(bound, tokens, None, selection, plan)
    whole = attncli.trace(text, model=model, stages=["scores", "masked", "weights"])
    allowed = np.tri(7, dtype=bool)[np.ix_((2, 5, 6), (1, 2, 4))]
    assert [section.name for section in sections] == [
        f"layers.*.attn.{n}" for n in ("scores", "masked", "weights")
    ]
    for section in sections:
        for one in section.maps:
            wanted = whole[one.stage].values[1][np.ix_((2, 5, 6), (1, 2, 4))]
            seen = np.where(allowed | (section.name.endswith("scores")), wanted, -np.inf)
            np.testing.assert_allclose(one.values, seen, atol=1e-6)


def test_the_sink_is_a_column_that_every_query_may_see() -> None:
    model = attncli.load_model(Path(__file__).parent.parent / "golden" / "gpt-oss-plain")
    tokens = tokenize(model, None, ids=[3, 1, 4, 1])
    selection = Selection(("layers.0.attn.weights_with_sink",), (0,))
    plan = plan_maps(model.spec, Trace(tokens=tokens), selection, lambda name, tokens: None, "max")
    (section,) = compute_maps(model, tokens, None, selection, plan)
    assert section.columns.names is not None
    assert section.columns.names[-1] == "sink"
    values = section.maps[0].values
    assert np.isfinite(values[:, -1]).all()
    assert values[0, 1] == -np.inf
    np.testing.assert_allclose(np.where(np.isfinite(values), values, 0).sum(-1), 1, atol=1e-6)


# ------------------------------------------------------------------ drawing


def test_levels_are_equal_steps_between_the_limits() -> None:
    values = np.array([[0, 0.1, 0.25, 0.5, 0.99, 1.0, 2.0, np.nan, -np.inf]])
    wanted = [[0, 0, 1, 2, 3, 3, 3, NAN_LEVEL, MASKED_LEVEL]]
    np.testing.assert_array_equal(levels(values, (0, 1), 4), wanted)
    np.testing.assert_array_equal(levels(np.array([[-1, -0.1, 0, 0.1, 1]]), (-1, 1), 9), [[0, 4, 4, 4, 8]])


def test_two_rows_share_a_line_of_half_blocks() -> None:
    few = ink("standard", True, False)
    (line,) = painted(
        np.array([[0, 3, 1, MASKED_LEVEL, MASKED_LEVEL], [0, 1, MASKED_LEVEL, 1, MASKED_LEVEL]], np.int16), few
    )
    assert re.findall("\x1b\\[([0-9;]+)m([^\x1b]*)", line) == [
        ("0;44", " "), ("0;93;46", "▀"), ("0;36", "▀"), ("0;36", "▄"), ("0", " "), ("0", ""),
    ]  # fmt: skip


def test_shades_have_no_codes() -> None:
    cells = np.array([[0, 1, 2, 3, 4, MASKED_LEVEL, NAN_LEVEL]], np.int16)
    assert painted(cells, ink(None, True, False)) == ["·░▒▓█ ×"]
    assert painted(cells, ink(None, False, False)) == [".:+*# ?"]


@pytest.mark.parametrize("system", ["truecolor", "256", "standard", None])
@pytest.mark.parametrize("unicode", [True, False])
@given(
    names=st.lists(
        st.sampled_from(["a", "Rabbit", "猫", "座った", "é", "長い長い長い名前", "x" * 40]),
        min_size=1,
        max_size=60,
    ),
    width=st.integers(40, 130),
    height=st.integers(20, 60),
)
def test_every_line_fits_and_the_cells_line_up(
    system: str | None, unicode: bool, names: list[str], width: int, height: int
) -> None:
    side = Side("query", range(len(names)), names)
    pen = ink(system, unicode, False)
    layout = laid_out(side, side, width, height, pen)
    steps = layout.rows.step, layout.columns.step
    drawn = heatmap(pooled(np.eye(len(names)), steps), (0, 1), layout, pen)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in drawn]
    assert max(map(cell_len, plain)) <= width
    assert len(drawn) <= height
    if pen.colored:  # the lines with cells end in one place
        assert len({cell_len(line) for line, raw in zip(plain, drawn, strict=True) if raw != line}) == 1


def drawn(names: list[str], width: int, height: int, system: str | None = None, around: int = 0) -> list[str]:
    """A map of these tokens whose diagonal is one, as text."""
    side, pen = Side("key", range(len(names)), names), ink(system, True, False)
    layout = laid_out(side, side, width, height, pen, around=around)
    values = pooled(np.eye(len(names)), (layout.rows.step, layout.columns.step))
    return [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in heatmap(values, (0, 1), layout, pen)]


JAPANESE = ["猫", "が", "ab", "座"]


def test_labels_are_upright_where_there_is_room() -> None:
    assert drawn(JAPANESE, 80, 24) == [
        "     猫    が    ab    座",
        "0 猫 ██1.0   .00   .00   .00",
        "1 が   .00 ██1.0   .00   .00",
        "2 ab   .00   .00 ██1.0   .00",
        "3 座   .00   .00   .00 ██1.0",
    ]
    assert drawn(JAPANESE, 17, 24)[0] == "     猫 が ab 座"


def test_longer_labels_are_folded_then_vertical_then_indices() -> None:
    names = ["golden", "bird", "a", "kingdom"]
    assert drawn(names, 30, 24)[:2] == ["        gold           king", "        en   bird a    dom"]
    assert [line[7:] for line in drawn(names, 19, 24)[:7]] == [
        "         k", "g        i", "o        n", "l  b     g", "d  i     d", "e  r     o", "n  d  a  m",
    ]  # fmt: skip
    assert drawn(names, 17, 24)[:2] == ["       0 1 2 3", "       ╷ ╷ ╷ ╷"]


def test_a_row_has_a_line_of_its_own_while_it_fits() -> None:
    names = [f"t{i}" for i in range(20)]
    assert [line.split()[0] for line in drawn(names, 120, 21, "truecolor", around=9)[1:]] == list(
        map(str, range(20))
    )
    halved = drawn(names, 120, 20, "truecolor")
    assert [line.split()[0] for line in halved[-10:]] == list(map(str, range(0, 20, 2)))


def test_what_is_masked_has_no_ink() -> None:
    """Neither a color, which would stand out on one background, nor a character."""
    side = Side("key", range(3), ["a", "b", "c"])
    values = np.where(np.tri(3, dtype=bool), 0.5, -np.inf)
    for system in ("truecolor", "256", "standard", None):
        for high, wide in ((24, 80), (5, 8)):
            pen = ink(system, True, False)
            layout = laid_out(side, side, wide, high, pen)
            first = next(line for line in heatmap(values, (0, 1), layout, pen) if "0 a" in line)
            codes = re.findall("\x1b\\[([0-9;]*)m( *)", first)
            assert all(code == "0" for code, _ in codes[1:])
            assert "·" not in first


def test_cells_hold_numbers_of_three_characters() -> None:
    assert cell_numbers(np.array([[0.424, 0.999, 1.0, 0.001, -np.inf]])) == [[".42", "1.0", "1.0", ".00", ""]]
    assert cell_numbers(np.array([[-0.004, -0.5, np.nan]])) == [[".00", "-.50", ""]]
    assert cell_numbers(np.array([[1.25, -3.04]])) == [["1.2", "-3.0"]]
    assert cell_numbers(np.array([[-52.8, 7.0]])) == [["-53", "7"]]
    assert cell_numbers(np.array([[0.04, 0.02]])) == [["", ""]]


def test_a_scale_shows_its_ends() -> None:
    for system in ("truecolor", "standard", None):
        for limits in ((0.0, 0.611), (-7.11, 7.11), (0.0, 1.0), (0.0, 0.000474)):
            pen = ink(system, True, limits[0] < 0)
            said = " ".join(scale_lines(limits, pen, 40, ENGLISH))
            for end in limits:
                assert f"{end:.3g}" in said or end == 0


# ------------------------------------------------------------------ encodings


def test_products_by_distance_worked_by_hand() -> None:
    products = dot_products(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]))
    np.testing.assert_array_equal(products, [[1, 1, 0], [1, 2, 2], [0, 2, 4]])
    found = by_distance(products, [0, 1, 3])
    assert [(one.distance, one.pairs, one.smallest, one.largest) for one in found] == [
        (0, 3, 1, 4), (1, 1, 1, 1), (2, 1, 2, 2), (3, 1, 0, 0),
    ]  # fmt: skip
    assert found[0].mean == pytest.approx(7 / 3)
