"""One query followed through the formula: of every golden model the numbers are those of its stages, and whoever
has a pocket calculator gets each printed number from those above it."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.insights.worked import Worked, adding_up, choose, others, stages_of, worked
from attncli.model.running import Model
from attncli.render import Options
from attncli.render.sheets import Page
from attncli.render.worked import write
from attncli.render.worked_pair import page_of_pair
from attncli.render.worked_row import page_of_row
from attncli.stages import attention_of, offered
from tests.support.calculator import Calculator, Range, exactly, total
from tests.support.printed import PRODUCT, SUM, Section, sections

CASES = sorted(file.parent for file in Path(__file__).parent.parent.glob("golden/*/expected.safetensors"))
DIGITS = 4


def traced(folder: Path, dtype: str = "float32") -> tuple[Model, attncli.Trace]:
    """A golden model, and every stage of its input."""
    given = json.loads((folder / "input.json").read_text("utf-8"))
    model = attncli.load_model(folder, dtype=dtype)
    return model, attncli.trace(ids=given["ids"], model=model, target_ids=given.get("target_ids"))


def attentions(model: Model) -> list[str]:
    return [name.removesuffix(".scores") for name in offered(model.spec) if name.endswith(".scores")]


def rows(model: Model, trace: attncli.Trace, *, last: bool = False) -> Iterator[Worked]:
    """Of each attention the first head and the last, and of these a query each, or the last."""
    for at in attentions(model):
        part, count = attention_of(model.spec, f"{at}.q"), trace[f"{at}.weights"].values.shape[-2]
        for head in sorted({0, part.heads - 1}):
            yield worked(trace, at, part, head, count - 1 if last else (3 * head + 2) % count)


# ------------------------------------------------------------------ the numbers


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_row_is_that_of_the_stages_and_its_parts_add_up(folder: Path) -> None:
    model, trace = traced(folder)
    near: dict[str, Any] = {"rtol": 1e-4, "atol": 2e-5}
    for row in rows(model, trace):
        whole = {n.rsplit(".", 1)[-1]: stage.values for n, stage in trace.items() if n.startswith(f"{row.at}.")}
        part, n = attention_of(model.spec, f"{row.at}.q"), len(row.read)
        np.testing.assert_array_equal(row.weights.values, whole["weights"][row.head, row.query])
        np.testing.assert_array_equal(row.mixed.values, whole["mixed"][row.head, row.query])
        np.testing.assert_array_equal(row.v.values, whole["v"][row.head // part.group])
        assert row.products.shape == (n, part.d_head)

        scores, scaled, masked = (row.step(name) for name in ("scores", "scaled", "masked"))
        np.testing.assert_allclose(row.products.sum(axis=-1), scores, **near)
        np.testing.assert_allclose(scores * np.float32(part.scale), scaled, **near)
        names = [line.name for line in row.steps]
        before = names[names.index("masked") - 1]
        allowed = np.ones(n, bool)
        if part.mask.allowed is not None:
            allowed = part.mask.allowed(np.array([row.query]), np.arange(n))[0]
        np.testing.assert_array_equal(masked, np.where(allowed, row.step(before), -np.inf))
        assert sorted(row.seen) == list(np.flatnonzero(allowed))

        sink = row.sink
        assert (sink is not None) == part.sinks
        np.testing.assert_allclose(row.powers.sum() + (sink.power if sink else 0), row.total, **near)
        np.testing.assert_allclose(row.powers / row.total, row.weights.values, **near)
        if sink is not None:
            assert sink.power / row.total == pytest.approx(sink.weight, abs=1e-6)
            assert row.weights.values.sum() + sink.weight == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(row.weights.values @ row.v.values, row.mixed.values, **near)
        np.testing.assert_allclose(row.lengths, np.linalg.norm(row.v.values, axis=-1), **near)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("top", [1, 3, None])
def test_what_is_not_written_out_is_summed_up(folder: Path, top: int | None) -> None:
    model, trace = traced(folder)
    for row in rows(model, trace):
        choice = choose(row, top)
        every = np.concatenate([choice.keys, choice.others, choice.hidden])
        assert sorted(every) == list(range(len(row.read)))
        rest, sink = others(row, choice.others), row.sink
        powers = row.powers[choice.keys].sum() + rest.power + (sink.power if sink else 0)
        assert powers == pytest.approx(row.total, rel=1e-5)
        assert row.weights.values[choice.hidden].sum() == 0
        weights = row.weights.values[choice.keys].sum() + rest.weight + (sink.weight if sink else 0)
        assert weights == pytest.approx(1, abs=1e-5)
        assert rest.weight * rest.length == pytest.approx(rest.taken, abs=1e-9)
        if len(choice.others):
            assert row.weights.values[choice.others].max() <= row.weights.values[choice.keys].min()
        np.testing.assert_allclose(adding_up(row, choice)[-1], row.mixed.values, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "case", ["gemma2-tied", "gpt-oss-yarn", "deberta-v2-own-keys", "t5-text", "deepseek-v3-groups"]
)
def test_only_the_row_and_head_that_are_asked_for_are_needed(case: str) -> None:
    """The stages that are named suffice, and give the same numbers as the whole."""
    folder = Path(__file__).parent.parent / "golden" / case
    model, whole = traced(folder)
    given = json.loads((folder / "input.json").read_text("utf-8"))
    at = attentions(model)[-1]
    part = attention_of(model.spec, f"{at}.q")
    needed = attncli.trace(
        ids=given["ids"], target_ids=given.get("target_ids"), model=model, heads=[1], queries=[2],
        stages=stages_of(offered(model.spec), at),
    )  # fmt: skip
    one, other = (worked(trace, at, part, 1, 2) for trace in (needed, whole))
    np.testing.assert_allclose(one.products, other.products, atol=1e-5)
    np.testing.assert_allclose(one.powers, other.powers, atol=1e-5)
    np.testing.assert_allclose(one.mixed.values, other.mixed.values, atol=1e-5)


# ------------------------------------------------------------------ what is printed


def printed(page: Page, width: int = 250, digits: int = DIGITS) -> list[Section]:
    output = io.BytesIO()
    write(attncli.Trace(), [page], output, Options(precision=digits, width=width))
    return sections(output.getvalue().decode())


def check_products(row: Worked, query: Section, scores: Section, c: Calculator) -> dict[str, str]:
    """Gives the score of each key, as printed."""
    q, found = query.vector(), {}
    assert sorted(q) == list(range(len(row.q.values)))
    for label, line in scores.products().items():
        products, (added,) = PRODUCT.findall(line), SUM.findall(PRODUCT.sub("", line))
        assert len(products) >= min(3, len(q))
        for i, left, right, product in products:
            assert left == q[int(i)]
            assert c.agree(c.read(left) * c.read(right), product), line
            assert product == "0" or product[0] in "+-"
        count, rest, score = added
        assert len(products) + int(count or 0) == len(q)
        assert c.agree(total(map(c.read, [p[3] for p in products] + [rest] * bool(rest))), score), line
        found[label] = score.removeprefix("+")
    return found


def check_steps(row: Worked, cells: dict[str, str], c: Calculator) -> None:
    """From the score to what the softmax reads, of one key."""
    assert c.agree(c.read(cells["S"]) * exactly(row.scale), cells["S'"])
    before = "S'"
    if "B" in cells:
        parts = [cells[name] for name in ("B - S'", "S_cp", "S_pc") if name in cells]
        assert parts
        assert c.agree(total(map(c.read, [cells["S'"], *parts])), cells["B"])
        before = "B"
    if row.cap is not None:
        cap = row.cap
        assert c.agree(c.read(cells[before]).rising(lambda x: cap * math.tanh(x / cap)), cells["S_cap"])
        before = "S_cap"
    assert cells["M"] in (cells[before], "-inf")


def check_softmax(
    row: Worked, section: Section, steps: dict[str, dict[str, str]], c: Calculator
) -> dict[str, str]:
    """Gives the weight of each line, as printed."""
    found = re.search(
        r"max = (\S+), of (?:key )?(.+); each e\^\(M-max\) is divided by Σ = (\S+)", section.captions[-1]
    )
    assert found is not None
    most, whose, sum_ = found.groups()
    table = section.table()
    last = table.pop("Σ")
    for label, cells in table.items():
        if label in steps:
            assert cells["M"] == steps[label]["M"]
        if "M" in cells:
            assert c.agree((c.read(cells["M"]) - c.read(most)).rising(math.exp), cells["e^(M-max)"]), cells
        assert c.agree(c.read(cells["e^(M-max)"]) / c.read(sum_), cells["A"]), cells
    assert "sink" not in whose if row.sink is None else "sink" in table
    if whose in table:
        assert table[whose]["M"] == most
    assert last["e^(M-max)"] == sum_
    assert c.agree(total(c.read(cells["e^(M-max)"]) for cells in table.values()), sum_)
    assert c.agree(total(c.read(cells["A"]) for cells in table.values()), last["A"])
    return {label: cells["A"] for label, cells in table.items()}


def check_sums(row: Worked, sums: Section, output: Section, weights: dict[str, str], c: Calculator) -> None:
    table = sums.table()
    last, z, so_far = table.pop("z"), output.vector(), dict[str, Range]()
    assert sorted(z) == list(range(len(row.mixed.values)))
    for label, cells in table.items():
        assert cells["A"] == weights[label]
        for title in [title for title in cells if title.startswith("z_")]:
            v = c.read(cells["v" + title[1:]])
            assert c.agree(so_far.get(title, exactly(0)) + c.read(cells["A"]) * v, cells[title]), (label, title)
            so_far[title] = c.read(cells[title])
    assert len(last) == min(6, len(z))
    for title, value in last.items():
        assert c.agree(so_far[title], value)
        assert z[int(title[2:])] == value


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_pocket_calculator_gets_each_printed_number_from_those_above_it(folder: Path) -> None:
    model, trace = traced(folder)
    for place, row in enumerate(rows(model, trace)):
        for digits, top in [(DIGITS, 4), (2, 3), (DIGITS, None)][place % 3 : place % 3 + 1]:
            c = Calculator(digits)
            query, scores, between, softmax, lengths, sums, output = printed(
                page_of_row(row, top, Options(digits)), digits=digits
            )
            found, steps = check_products(row, query, scores, c), between.table()
            assert found == {label: cells["S"] for label, cells in steps.items()}
            for cells in steps.values():
                check_steps(row, cells, c)
            weights = check_softmax(row, softmax, steps, c)
            for label, cells in lengths.table().items():
                assert cells["A"] == weights[label]
                assert c.agree(c.read(cells["A"]) * c.read(cells["‖v‖"]), cells["A ‖v‖"])
            check_sums(row, sums, output, weights, c)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_pocket_calculator_gets_a_pair_from_its_products(folder: Path) -> None:
    model, trace = traced(folder)
    c = Calculator(DIGITS)
    for place, row in enumerate(rows(model, trace, last=True)):
        key, top = place % len(row.read), (None, 3)[place % 2]
        neurons, value, chain = printed(page_of_pair(row, key, top, Options()))
        check_neurons(neurons.table(), row, c)
        v, steps = value.vector(), chain.steps()
        assert neurons.table()["S"] == {"q_i k_i": signed(steps["S"][1])}
        assert sorted(v) == list(range(len(row.v.values[key])))
        for name, (how, result) in steps.items():
            if name in ("S", "‖v‖") or "distance" in how:
                continue
            if "masked" in how:
                assert result == "-inf"
                continue
            assert c.agree(evaluated(how, c), result), (name, how, result)
        squares = total(c.read(x) * c.read(x) for x in v.values())
        assert c.agree(Range(max(squares.low, 0), squares.high).rising(math.sqrt), steps["‖v‖"][1])


def signed(text: str) -> str:
    return text if text.startswith("-") or text == "0" else f"+{text}"


def check_neurons(table: dict[str, dict[str, str]], row: Worked, c: Calculator) -> None:
    """Every product, its place by size, and the sum as it adds up."""
    last, so_far, sizes = table.pop("S"), exactly(0), []
    for cells in table.values():
        if "q_i" in cells:
            assert c.agree(c.read(cells["q_i"]) * c.read(cells["k_i"]), cells["q_i k_i"])
            sizes.append(abs(float(cells["q_i k_i"])))
        assert c.agree(so_far + c.read(cells["q_i k_i"]), cells["Σ"])
        so_far = c.read(cells["Σ"])
    assert sizes == sorted(sizes, reverse=True)
    assert c.agree(so_far, last["q_i k_i"])
    left = sum(int(label.split()[0]) for label in table if "other" in label)
    assert len(sizes) + left == len(row.q.values)


def evaluated(how: str, c: Calculator) -> Range:
    """What is written out in a line of a chain, computed."""
    if how.startswith("e^("):
        return evaluated(how[3:-1], c).rising(math.exp)
    if match := re.fullmatch(r"(\S+) tanh\((\S+) / \1\)", how):
        cap = float(match[1])
        return c.read(match[2]).rising(lambda x: cap * math.tanh(x / cap))
    first, *rest = how.split()
    made = c.read(first)
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        if text.startswith("√"):
            made /= exactly(math.sqrt(float(text[1:])))
        elif sign == "×" and re.search(r"\.\d{5,}", text):  # the scale, to six digits
            made *= Range(float(text) * (1 - 1e-5), float(text) * (1 + 1e-5))
        else:
            other = c.read(text)
            made = {"+": made.__add__, "-": made.__sub__, "×": made.__mul__, "/": made.__truediv__}[sign](other)
    return made
