"""Worked examples for programs: a CSV row for each key, an array for each stage, and no number lost."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import attncli
from attncli.insights.worked_example import WorkedExample
from attncli.render.page.formats import write
from attncli.render.page.page import Options
from attncli.views.worked_example import Top, page
from tests.support.worked_examples import CASES, examples, traced


@pytest.fixture(scope="module", params=["gpt-oss-yarn", "gemma2-tied", "deberta-v2-own-keys", "t5-text"])
def all_examples(request: pytest.FixtureRequest) -> list[WorkedExample]:
    return list(examples(*traced(next(folder for folder in CASES if folder.name == request.param))))


def written(name: str, shown: list[WorkedExample], key: int | None = None, top: Top | None = None) -> bytes:
    output = io.BytesIO()
    write(name, page(attncli.Trace(), shown, key, top, Options()), output, Options())
    return output.getvalue()


def test_csv_has_a_row_for_each_key(all_examples: list[WorkedExample]) -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", all_examples).decode())))
    assert len(rows) == sum(len(example.key_tokens) for example in all_examples)
    for example in all_examples:
        of_example = [row for row in rows if (row["attention"], int(row["head"])) == (example.path, example.head)]
        assert [int(row["key"]) for row in of_example] == list(range(len(example.key_tokens)))
        assert [row["key_token"] for row in of_example] == list(example.key_tokens.texts)
        assert {int(row["query"]) for row in of_example} == {example.query}
        for column, values in (("weight", example.weights.values), ("masked", example.step("masked"))):
            assert [np.float32(row[column]) for row in of_example] == values.tolist()


def test_csv_has_the_chosen_keys_alone(all_examples: list[WorkedExample]) -> None:
    assert len(written("csv", all_examples[:1], key=1).splitlines()) == 2
    assert len(written("csv", all_examples[:1], top=2).splitlines()) == 3


def test_arrays_have_every_stage_of_every_example(all_examples: list[WorkedExample]) -> None:
    with np.load(io.BytesIO(written("npz", all_examples))) as archive:
        for example in all_examples:
            name = f"{example.path}.heads.{example.head}"
            np.testing.assert_array_equal(archive[f"{name}.weights"], example.weights.values)
            np.testing.assert_array_equal(archive[f"{name}.products"], example.products)
            np.testing.assert_array_equal(archive[f"{name}.v"], example.v.values)
            np.testing.assert_array_equal(archive[f"{name}.mixed"], example.mixed.values)
        document = json.loads(str(archive["attn"]))
    assert [(item["attention"], item["head"]) for item in document["examples"]] == [
        (example.path, example.head) for example in all_examples
    ]
    assert "keys" not in document["examples"][0]


def test_json_and_ndjson_have_the_same_examples(all_examples: list[WorkedExample]) -> None:
    document = json.loads(written("json", all_examples))
    head, *items = map(json.loads, written("ndjson", all_examples).splitlines())
    assert head | {"examples": items} == document
