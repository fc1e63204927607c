"""Pages of worked examples: of every golden model, a pocket calculator gets each number from those above it."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import pytest

import attncli
from attncli.insights.worked_example import WorkedExample
from attncli.render.page.formats import write
from attncli.render.page.page import Options
from attncli.views.worked_example import Top, page
from tests.support.calculator import Calculator, Range, exactly, total
from tests.support.printed import PRODUCT, SUM, Section, sections
from tests.support.worked_examples import CASES, examples, traced

DIGITS = 4


def printed(
    example: WorkedExample, key: int | None = None, top: Top = None, digits: int = DIGITS
) -> list[Section]:
    output, options = io.BytesIO(), Options(precision=digits, width=250)
    write("table", page(attncli.Trace(), [example], key, top, options), output, options)
    return sections(output.getvalue().decode())


def check_products(
    example: WorkedExample, query: Section, keys: Section, scores: Section, c: Calculator
) -> dict[str, str]:
    """Gives the score of each key, as printed."""
    q, k, found = query.vector(), keys.vectors(), {}
    assert sorted(q) == list(range(len(example.q.values)))
    assert k.keys() == scores.products().keys()
    for label, line in scores.products().items():
        products, (added,) = PRODUCT.findall(line), SUM.findall(PRODUCT.sub("", line))
        assert len(products) >= min(3, len(q))
        for i, left, right, product in products:
            assert left == q[int(i)]
            assert right == k[label][int(i)]
            assert c.agree(c.read(left) * c.read(right), product), line
            assert product == "0" or product[0] in "+-"
        count, rest, score = added
        assert len(products) + int(count or 0) == len(q)
        assert count != "1"
        assert c.agree(total(map(c.read, [p[3] for p in products] + [rest] * bool(rest))), score), line
        found[label] = score.removeprefix("+")
    return found


def check_steps(example: WorkedExample, cells: dict[str, str], c: Calculator) -> None:
    """From the score to what the softmax reads, of one key."""
    assert c.agree(c.read(cells["S"]) * exactly(example.scale), cells["S'"])
    before = "S'"
    if "B" in cells:
        parts = [cells[name] for name in ("B - S'", "S_cp", "S_pc") if name in cells]
        assert parts
        assert c.agree(total(map(c.read, [cells["S'"], *parts])), cells["B"])
        before = "B"
    if example.cap is not None:
        cap = example.cap
        assert c.agree(c.read(cells[before]).rising(lambda x: cap * math.tanh(x / cap)), cells["S_cap"])
        before = "S_cap"
    assert cells["M"] in (cells[before], "-inf")


def check_softmax(
    example: WorkedExample, section: Section, steps: dict[str, dict[str, str]], c: Calculator
) -> dict[str, str]:
    """Gives the weight of each line, as printed."""
    found = re.search(
        r"max = (\S+), at (?:the |key )(.+); each e\^\(M-max\) is divided by Σ = (\S+)", section.captions[-1]
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
    assert "sink" not in whose if example.sink is None else "sink" in table
    if whose in table:
        assert table[whose]["M"] == most
    assert last["e^(M-max)"] == sum_
    assert c.agree(total(c.read(cells["e^(M-max)"]) for cells in table.values()), sum_)
    assert c.agree(total(c.read(cells["A"]) for cells in table.values()), last["A"])
    return {label: cells["A"] for label, cells in table.items()}


def check_sums(
    example: WorkedExample, sums: Section, output: Section, weights: dict[str, str], c: Calculator
) -> None:
    table = sums.table()
    last, z, so_far = table.pop("z"), output.vector(), dict[str, Range]()
    assert sorted(z) == list(range(len(example.mixed.values)))
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
    for place, example in enumerate(examples(model, trace)):
        for digits, top in [(DIGITS, 4), (2, 3), (DIGITS, "all")][place % 3 : place % 3 + 1]:
            c = Calculator(digits)
            query, keys, scores, between, softmax, lengths, sums, output = printed(example, None, top, digits)
            found, steps = check_products(example, query, keys, scores, c), between.table()
            assert found == {label: cells["S"] for label, cells in steps.items()}
            for cells in steps.values():
                check_steps(example, cells, c)
            weights = check_softmax(example, softmax, steps, c)
            for label, cells in lengths.table().items():
                assert cells["A"] == weights[label]
                assert c.agree(c.read(cells["A"]) * c.read(cells["‖v‖"]), cells["A ‖v‖"])
            check_sums(example, sums, output, weights, c)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_pocket_calculator_gets_a_pair_from_its_products(folder: Path) -> None:
    model, trace = traced(folder)
    c = Calculator(DIGITS)
    for place, example in enumerate(examples(model, trace, last=True)):
        key, top = place % len(example.key_tokens), ("all", 3)[place % 2]
        query, of_key, neurons, value, chain = printed(example, key, top)
        check_neurons(neurons.table(), query.vector(), of_key.vector(), example, c)
        v, steps = value.vector(), chain.steps()
        assert neurons.table()["S"] == {"q_i k_i": signed(steps["S"][1])}
        assert sorted(v) == list(range(len(example.v.values[key])))
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


def check_neurons(
    table: dict[str, dict[str, str]], q: dict[int, str], k: dict[int, str], example: WorkedExample, c: Calculator
) -> None:
    """Every product, its place by size, and the sum as it adds up."""
    last, so_far, sizes = table.pop("S"), exactly(0), []
    for i, cells in table.items():
        if "q_i" in cells:
            assert (cells["q_i"], cells["k_i"]) == (q[int(i)], k[int(i)])
            assert c.agree(c.read(cells["q_i"]) * c.read(cells["k_i"]), cells["q_i k_i"])
            sizes.append(abs(float(cells["q_i k_i"])))
        assert c.agree(so_far + c.read(cells["q_i k_i"]), cells["Σ"])
        so_far = c.read(cells["Σ"])
    assert sizes == sorted(sizes, reverse=True)
    assert c.agree(so_far, last["q_i k_i"])
    left = sum(int(label.split()[0]) for label in table if "other" in label)
    assert len(sizes) + left == len(example.q.values)


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
