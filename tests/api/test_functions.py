"""Each command has its Python function, which gives what the command shows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import attncli
from tests.conftest import Run, text_of

SENTENCE = "The cat sat on the mat. The cat"


def document(attn: Run, *arguments: str) -> Any:
    return json.loads(text_of(attn(*arguments, "--json")))


def test_trace_gives_what_explain_shows(attn: Run) -> None:
    shown = document(
        attn, "explain", SENTENCE, "--stage", "all", "--layer", "all", "--head", "all", "--top", "all"
    )
    trace = attncli.trace(SENTENCE)
    assert [stage["name"] for stage in shown["stages"]] == list(trace)
    for stage in shown["stages"]:
        values = np.array(stage["values"], float)
        expected = np.where(np.isfinite(trace[stage["name"]].values), trace[stage["name"]].values, np.nan)
        np.testing.assert_array_equal(values.astype(np.float32), expected)


def test_follow_gives_what_explain_shows_of_a_query(attn: Run) -> None:
    shown = document(attn, "explain", SENTENCE, "--query", "sat", "--layer", "all", "--head", "all")
    rows = attncli.follow(SENTENCE, "sat")
    assert [(row.layer, row.head) for row in rows] == [(layer, head) for layer in range(4) for head in range(4)]
    for row, theirs in zip(rows, shown["examples"], strict=True):
        assert (row.layer, row.head) == (theirs["layer"], theirs["head"])
        np.testing.assert_allclose(row.products.sum(axis=-1), row.step("scores"), rtol=1e-4, atol=1e-4)


def test_follow_of_an_encoder_decoder_takes_the_attention(t5: str) -> None:
    for attention, path, keys in (("self", "decoder.layers.0.attn", 4), ("cross", "decoder.layers.0.cross", 7)):
        (row,) = attncli.follow(
            "the cat sat on the mat", 1, target="the mat sat", model=t5, layers=0, heads=0, attention=attention
        )  # type: ignore[arg-type]
        assert row.weights.stage == f"{path}.weights"
        assert row.weights.values.shape == (keys,)


def test_a_query_to_follow_is_one_token() -> None:
    for query, says in ((None, "no query"), ([0, 1], "several"), ("0-1", "several"), (99, "out of range")):
        with pytest.raises(attncli.UsageError, match=says):
            attncli.follow(SENTENCE, query)  # type: ignore[arg-type]
    with pytest.raises(attncli.UsageError, match="attention"):
        attncli.follow(SENTENCE, 0, attention="sideways")  # type: ignore[arg-type]


def test_maps_give_every_number_unless_they_are_pooled() -> None:
    weights = attncli.trace(SENTENCE, stages="layers.1.attn.weights")["weights"].values
    (section,) = attncli.maps(SENTENCE, layers=1)
    for head, drawn in enumerate(section.maps):
        np.testing.assert_allclose(np.nan_to_num(drawn.values, neginf=0), weights[head], atol=1e-6)
    (pooled,) = attncli.maps(SENTENCE, layers=1, pool=3)
    assert all(max(drawn.values.shape) <= 3 for drawn in pooled.maps)
    (part,) = attncli.maps(SENTENCE, layers=1, heads=2, queries=-1, keys=[0, 2])
    np.testing.assert_allclose(part.maps[0].values, weights[2][-1:, [0, 2]], atol=1e-6)


def test_maps_are_sorted_as_on_the_command_line(attn: Run) -> None:
    (shown,) = document(attn, "map", SENTENCE, "--sort", "entropy")["sections"]
    (section,) = attncli.maps(SENTENCE, sort="entropy")
    assert [(one.layer, one.head) for one in section.maps] == [(m["layer"], m["head"]) for m in shown["maps"]]
    for asked, says in (
        ({"sort": "beauty"}, "give one of layer"),
        ({"pool": 0}, "1 at least"),
        ({"how": "sum"}, "max"),
    ):
        with pytest.raises(attncli.UsageError, match=says):
            attncli.maps(SENTENCE, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ((), {}),
        (("--kind", "rotary", "--dim", "8", "--length", "4"), {"kind": "rotary", "dim": 8, "length": 4}),
        (
            ("--kind", "alibi", "--heads", "4", "--position", "0-2"),
            {"kind": "alibi", "heads": 4, "position": [0, 1, 2]},
        ),
        (("-m", "story", "--position", "3"), {"model": "story", "position": 3}),
    ],
)
def test_positions_give_what_pe_shows(attn: Run, options: tuple[str, ...], asked: dict[str, Any]) -> None:
    shown = document(attn, "pe", *options)
    trace = attncli.positions(**asked)
    assert [stage["name"] for stage in shown["stages"]] == list(trace)
    for stage in shown["stages"]:
        np.testing.assert_allclose(np.array(stage["values"], float), trace[stage["name"]].values, atol=1e-6)


def test_similarity_gives_what_pe_shows(attn: Run) -> None:
    shown = document(attn, "pe", "--dim", "16", "--length", "5", "--similarity")["distances"]
    found = attncli.similarity(dim=16, length=5)
    assert [(at.distance, at.pairs) for at in found] == [(at["distance"], at["pairs"]) for at in shown]
    with pytest.raises(attncli.UsageError, match="ALiBi"):
        attncli.similarity("alibi")


def test_arguments_of_positions_that_do_not_go_together_are_refused() -> None:
    for asked, says in (
        ({"kind": "circular"}, "give one of sinusoidal"),
        ({"dim": 7}, "odd"),
        ({"model": "story", "dim": 8}, "a model has its own"),
        ({"position": -1}, "no last position"),
        ({"length": 2, "position": 1}, "both given"),
    ):
        with pytest.raises(attncli.UsageError, match=says):
            attncli.positions(**asked)  # type: ignore[arg-type]


def test_tokens_give_what_tokens_shows(attn: Run) -> None:
    assert document(attn, "tokens", SENTENCE)["tokens"] == attncli.tokens(SENTENCE).records()


def test_versus_gives_what_versus_shows(attn: Run) -> None:
    shown = document(attn, "versus", SENTENCE, "--only", "range", "--seed", "3")
    found = attncli.versus(SENTENCE, only="range", seed=3)
    assert found.influences is not None
    assert found.differences is None
    assert "range" in shown
    for asked, says in (
        ({"only": "speed"}, "no experiment"),
        ({"d_model": 7}, "odd"),
        ({"only": "order", "lengths": [8]}, "only sequential"),
        ({"lengths": [0]}, "numbers from 1"),
        ({"gain": -1}, "0 to 100"),
        ({"d_model": 1.5}, "out of range"),
    ):
        with pytest.raises(attncli.UsageError, match=says):
            attncli.versus(SENTENCE, **asked)  # type: ignore[arg-type]


def test_families_and_describe_give_what_their_commands_show(attn: Run) -> None:
    shown = document(attn, "families")["families"]
    assert [family.family for family in attncli.families()] == [family["family"] for family in shown]
    assert attncli.describe("story").family == document(attn, "model", "story")["family"]
    with pytest.raises(attncli.UsageError, match="Did you mean llama"):
        attncli.families("lama")


def test_the_names_of_the_package_are_listed_and_imported_when_they_are_used() -> None:
    script = (
        "import sys, attncli\n"
        "assert set(attncli.__all__) <= set(dir(attncli)), dir(attncli)\n"
        "assert 'numpy' not in sys.modules\n"
        "assert all(getattr(attncli, name) is not None for name in attncli.__all__)\n"
        "from attncli import *\n"
        "trace('a b'); tokens('a b')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(AttributeError, match="no attribute 'tracing_'"):
        _ = attncli.tracing_
