"""Layers, heads, queries and stages in Python: one, several, a text, or none; never silently something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli import Model, UsageError

GOLDEN = Path(__file__).parent.parent / "golden"
SENTENCE = "The cat sat on the mat"
BART = {"model": str(GOLDEN / "bart-text"), "text": "the cat sat", "target": "the mat"}


@pytest.fixture(scope="module")
def model() -> Model:
    return attncli.load_model(seed=0, layers=3, heads=2)


# ------------------------------------------------------------------ one, or several, or a text


@pytest.mark.parametrize(
    ("asked", "layers"),
    [
        (2, [2]), (-1, [2]), ([0, 2], [0, 2]), ((2, 0), [0, 2]), ([0, -3], [0]), (range(2), [0, 1]), ({1}, [1]),
        (np.int64(1), [1]), (np.array([0, 1]), [0, 1]), (np.array(1), [1]), ("0,2", [0, 2]), ("1-2", [1, 2]),
        ("-1", [2]), ("all", [0, 1, 2]), (None, [0, 1, 2]),
    ],
)  # fmt: skip
def test_layers_are_numbers_or_a_text(model: Model, asked: Any, layers: list[int]) -> None:
    trace = attncli.trace(SENTENCE, model=model, stages="weights", layers=asked)
    assert [stage.layer for stage in trace.values()] == layers


@pytest.mark.parametrize(
    ("asked", "heads"),
    [(0, (0,)), (1, (1,)), (-1, (1,)), ([0], (0,)), ("1", (1,)), ("all", (0, 1)), (None, (0, 1))],
)
def test_heads_are_numbers_or_a_text(model: Model, asked: Any, heads: tuple[int, ...]) -> None:
    stage = attncli.trace(SENTENCE, model=model, stages="weights", layers=0, heads=asked)["weights"]
    assert stage.head_indices == heads
    assert stage.values.shape[0] == len(heads)


@pytest.mark.parametrize(
    ("asked", "rows"),
    [(0, (0,)), (-1, (5,)), ([1, -1], (1, 5)), ("cat", (1,)), ("1-2", (1, 2)), (np.int32(2), (2,))],
)
def test_queries_are_numbers_or_a_text(model: Model, asked: Any, rows: tuple[int, ...]) -> None:
    stage = attncli.trace(SENTENCE, model=model, stages="weights", layers=0, queries=asked)["weights"]
    assert stage.rows == rows
    assert stage.values.shape[1] == len(rows)


@pytest.mark.parametrize("stages", ["weights", ["weights"], ("weights",), iter(["weights"]), {"weights": 1}])
def test_a_lone_name_is_a_name(model: Model, stages: Any) -> None:
    trace = attncli.trace(SENTENCE, model=model, stages=stages, layers=1)
    assert list(trace) == ["layers.1.attn.weights"]


def test_a_lone_glob_is_a_glob(model: Model) -> None:
    trace = attncli.trace(SENTENCE, model=model, stages="layers.*.attn.q")
    assert list(trace) == [f"layers.{i}.attn.q" for i in range(3)]


def test_lone_names_are_taken_everywhere(tmp_path: Path) -> None:
    assert [family.family for family in attncli.families("gpt2")] == ["gpt2"]
    assert attncli.versus(SENTENCE, only="order").sequential is None
    (section,) = attncli.maps(SENTENCE, stages="scores", layers=0, heads=0)
    assert section.name == "layers.0.attn.scores"
    with pytest.raises(attncli.AttnError, match="no config"):
        attncli.load_model(tmp_path, ignore_config="secret_sauce")


def test_a_lone_id_and_ids_as_text_are_ids(model: Model) -> None:
    for ids in (3, [3], "3", np.array([3])):
        traced = attncli.trace(ids=ids, model=model, stages="embed")  # type: ignore[arg-type]
        assert traced.tokens is not None
        assert traced.tokens.ids == (3,)


def test_the_largest_words_can_be_kept_alone(model: Model) -> None:
    whole = attncli.trace(SENTENCE, model=model, stages="probs")["probs"].values
    top = attncli.trace(SENTENCE, model=model, stages="probs", top=2)["probs"]
    np.testing.assert_array_equal(top.values, -np.sort(-whole, axis=-1)[:, :2])
    assert top.ids is not None
    every = attncli.trace(SENTENCE, model=model, stages="probs", top="all")["probs"]
    np.testing.assert_array_equal(every.values, whole)


# ------------------------------------------------------------------ nothing, or nonsense

EMPTY: list[dict[str, Any]] = [
    {"layers": []}, {"heads": []}, {"queries": []}, {"stages": []}, {"layers": ()}, {"stages": ()},
    {"heads": range(0)}, {"queries": np.array([], int)},
]  # fmt: skip


@pytest.mark.parametrize("asked", EMPTY, ids=str)
def test_an_empty_selection_is_refused_by_name(model: Model, asked: dict[str, Any]) -> None:
    (name,) = asked
    with pytest.raises(UsageError, match=f"{name} is empty"):
        attncli.trace(SENTENCE, model=model, **asked)


@pytest.mark.parametrize(
    "asked", [{"heads": []}, {"keys": []}, {"queries": []}, {"stages": []}, {"layers": []}], ids=str
)
def test_an_empty_selection_of_maps_is_refused(model: Model, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is empty"):
        attncli.maps(SENTENCE, model=model, **asked)


def test_other_empty_selections_are_refused() -> None:
    for call in (
        lambda: attncli.follow(SENTENCE, "cat", heads=[]),
        lambda: attncli.versus(SENTENCE, only=[]),
        lambda: attncli.families([]),
        lambda: attncli.positions(position=[]),
        lambda: attncli.trace(**BART, encoder_queries=[]),
    ):
        with pytest.raises(UsageError, match="is empty"):
            call()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"layers": 3}, "layer 3 is out of range: 0 to 2"),
        ({"layers": -4}, "layer -4 is out of range"),
        ({"heads": [0, 2]}, "head 2 is out of range: 0 to 1"),
        ({"queries": 6}, "query 6 is out of range: 0 to 5"),
        ({"queries": "dog"}, "no token 'dog' in the sentence"),
        ({"layers": 1.5}, "layers 1.5: whole numbers"),
        ({"heads": [0.5]}, r"heads \[0.5\]: whole numbers"),
        ({"layers": "2-1"}, "backwards"),
        ({"layers": ""}, "give numbers as in 0,2-3"),
        ({"stages": "wieghts"}, "Did you mean weights|Did you mean attn.weights"),
        ({"stages": ""}, "no stage matches ''"),
        ({"stages": [3]}, "stages: 3 is not a name"),
        ({"stages": 3}, "stages: 3 is not a name"),
        ({"top": 0}, "above 0"),
        ({"top": "many"}, "above 0"),
        ({"top": 2.5}, "above 0"),
        ({"top": True}, "above 0"),
        ({"encoder_queries": 0}, "no encoder"),
        ({"target": "a"}, "no encoder"),
        ({"pair": "a"}, "segments"),
        ({"pair": 3}, "pair must be a str"),
        ({"ids": [1]}, "either a text or token ids"),
    ],
    ids=str,
)
def test_nonsense_is_told(model: Model, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        attncli.trace(SENTENCE, model=model, **asked)


@pytest.mark.parametrize("text", [3, b"the cat", ["the", "cat"]])
def test_a_text_is_a_str(model: Model, text: Any) -> None:
    for function in (attncli.trace, attncli.tokens, attncli.maps):
        with pytest.raises(UsageError, match="the text must be a str"):
            function(text, model=model)


def test_heads_are_counted_from_the_end_only_where_all_stages_have_as_many() -> None:
    """This encoder has 3 heads, its decoder 2."""
    with pytest.raises(UsageError, match="2 or 3 heads"):
        attncli.trace(**BART, stages="attn.weights", heads=-1)
    trace = attncli.trace(**BART, stages="encoder.attn.weights", heads=-1, layers=0)
    assert trace["weights"].heads == (2,)


def test_queries_are_the_decoders_and_encoder_queries_the_encoders() -> None:
    stages = ["encoder.attn.weights", "decoder.attn.weights", "cross.weights"]
    rows = [stage.rows for stage in attncli.trace(**BART, stages=stages, layers=0, queries=-1).values()]
    assert rows == [None, (3,), (3,)]
    rows = [stage.rows for stage in attncli.trace(**BART, stages=stages, layers=0, encoder_queries="cat").values()]
    assert rows == [(2,), None, None]


# ------------------------------------------------------------------ models


@pytest.mark.parametrize("dtype", ["float64", "f8", np.float64, np.dtype("float64"), float])
def test_a_dtype_is_a_name_or_a_type_of_numpy(dtype: Any) -> None:
    traced = attncli.trace("a b", model=attncli.load_model(seed=0, dtype=dtype), stages="embed")
    assert traced["embed"].values.dtype == np.float64


@pytest.mark.parametrize("dtype", ["bf16", "float16", "int32", None, 3, "nonsense"])
def test_another_dtype_is_refused_with_those_known(dtype: Any) -> None:
    with pytest.raises(UsageError, match="float32 or float64"):
        attncli.load_model(dtype=dtype)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"heads": 0}, "heads 0 is out of range"),
        ({"layers": -1}, "layers -1 is out of range"),
        ({"heads": "2"}, "heads '2' is out of range"),
        ({"heads": 1.5}, "heads 1.5 is out of range"),
        ({"d_model": 1 << 40}, "out of range"),
        ({"positions": "circular"}, "give one of sinusoidal"),
    ],
    ids=str,
)
def test_a_shape_that_is_none_is_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        attncli.load_model(**asked)


def test_a_model_is_one_that_is_loaded_or_a_name() -> None:
    calls: list[Callable[[Any], Any]] = [
        lambda model: attncli.trace(SENTENCE, model=model, stages="embed")["embed"].values,
        lambda model: attncli.maps(SENTENCE, model=model, layers=0, heads=0)[0].maps[0].values,
        lambda model: attncli.follow(SENTENCE, 1, model=model, layers=0, heads=0)[0].weights.values,
        lambda model: np.asarray(attncli.tokens(SENTENCE, model=model).ids),
    ]
    story = attncli.load_model("story")
    for call in calls:
        np.testing.assert_array_equal(call(story), call("story"))
        np.testing.assert_array_equal(call(story), call(None))
