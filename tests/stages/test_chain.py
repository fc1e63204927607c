"""What `attn explain` shows is a chain: each table follows from those above it, and every table is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

import attncli
from attncli import story
from tests.conftest import Run, text_of
from tests.support.chain import Chain, chain_of, numbers, same

ROOT = Path(__file__).parent.parent.parent
FOLDERS = sorted(file.parent for file in (ROOT / "tests/golden").glob("*/expected.safetensors"))
SENTENCE = "The cat sat on the mat"


def explained(attn: Run, folder: Path, *options: str) -> Chain:
    """The chain of what attn explains of a golden model. What it starts from is compared with the reference."""
    given = json.loads((folder / "input.json").read_text("utf-8"))
    if given.get("text") is not None:
        words = [given["text"], *(["--pair", given["pair"]] if given.get("pair") else [])]
        words += ["--target", given["target"]] if given.get("target") else []
    else:
        words = ["--ids", ",".join(map(str, given["ids"]))]
        words += ["--target-ids", ",".join(map(str, given["target_ids"]))] if "target_ids" in given else []
    document = json.loads(text_of(attn("explain", *words, "-m", str(folder), *options, "--json")))
    chain = chain_of(attncli.load_model(folder), document, folder, given["types"])
    expected = load_file(folder / "expected.safetensors")
    for stage in document["stages"]:
        if stage["name"] in chain.given and stage["name"] in expected:
            same(numbers(stage), expected[stage["name"]].astype(float), stage["name"])
    return chain


def of_story(attn: Run, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text_of(attn("explain", SENTENCE, *options, "--json")))
    return document


def checked(document: dict[str, Any]) -> Chain:
    """The chain of a document of the story model."""
    return chain_of(attncli.load_model("story"), document, Path(story.__file__).parent)


def assert_needed(chain: Chain) -> None:
    """Nothing is shown that no other table needs, but the outputs of the attentions."""
    unread = set(chain.names) - chain.read
    assert all(name.rpartition(".")[2] in ("output", "output_normed") for name in unread), unread


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_table_of_the_first_layer_follows_from_those_above_it(attn: Run, folder: Path) -> None:
    chain = explained(attn, folder)
    assert_needed(chain)
    encoded = any("cross" in name for name in chain.names)
    assert chain.given == ["encoder.final"] * encoded


@pytest.mark.parametrize("folder", FOLDERS[::6], ids=lambda folder: folder.name)
def test_each_table_of_later_layers_follows_from_those_above_it(attn: Run, folder: Path) -> None:
    chain = explained(attn, folder, "--layer", "all", "--head", "all")
    assert_needed(chain)
    started = {name.rpartition(".resid.out")[0] for name in chain.given if "resid" in name}
    shown = {name.rpartition(".attn.q")[0] for name in chain.names if name.endswith(".attn.q")}
    assert len(started) == sum(not at.endswith("layers.0") for at in shown)
    assert_needed(explained(attn, folder, "--layer", "-1", "--head", "1"))


def test_the_story_model_starts_from_what_the_layer_before_left(attn: Run) -> None:
    document = of_story(attn)
    assert_needed(checked(document))
    first, second = document["stages"][:2]
    assert (first["name"], first["symbol"]) == (f"layers.{story.LAYER - 1}.resid.out", "X")
    assert first["meaning"].startswith(f"as layer {story.LAYER - 1} left it")
    assert second["formula"] == "N = RMSNorm(X)"


@pytest.mark.parametrize(
    ("layer", "given"),
    [
        ("0", []),
        ("0,2-3", ["layers.1.resid.out", "layers.2.resid.out"]),
        ("-1", ["layers.2.resid.out"]),
        ("all", ["layers.0.resid.out", "layers.1.resid.out", "layers.2.resid.out"]),
    ],
)
def test_each_layer_of_several_has_its_own_input(attn: Run, layer: str, given: list[str]) -> None:
    chain = checked(of_story(attn, "--layer", layer))
    assert chain.given == given
    assert_needed(chain)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary", "alibi", "none"])
def test_seeded_weights_are_a_chain_too(attn: Run, positions: str) -> None:
    document = of_story(attn, "--seed", "3", "--positions", positions, "--heads", "2", "--kv-heads", "1")
    model = attncli.load_model(seed=3, positions=positions, heads=2, kv_heads=1)
    assert_needed(chain_of(model.bind(model, attncli.tokenize(model, SENTENCE)), document, None))


def test_a_layer_of_ones_own_is_a_chain_too(attn: Run) -> None:
    file = str(ROOT / "samples/exercise.npz")
    document = json.loads(text_of(attn("explain", "one two three", "-m", file, "--json")))
    model = attncli.load_model(file)
    assert_needed(chain_of(model.bind(model, attncli.tokenize(model, "one two three")), document, None))


def test_what_is_printed_is_in_the_order_of_the_json(attn: Run) -> None:
    """Each table with its formula above it."""
    for options in ((), ("--layer", "0,2", "--head", "0,3")):
        printed = text_of(attn("explain", SENTENCE, *options, COLUMNS="400"))
        captions = [block.splitlines() for block in printed.split("\n\n")[1:]]
        shown = [
            (formula, re.split(" {2}| · ", title)[0])
            for lines in captions
            for formula, title in [(re.split(" {3}", lines[0])[0], next(x for x in lines if "  [" in x))]
            if "   " in lines[0]
        ]
        assert shown == [(s["formula"], s["name"]) for s in of_story(attn, *options)["stages"]]


@pytest.mark.parametrize("missing", ["layers.0.resid.out", "attn.input", "attn.q", "attn.k_rotated", "attn.v"])
def test_a_chain_with_a_gap_is_noticed(attn: Run, missing: str) -> None:
    """Also the one that was shown once: the embedding, and then layer 1."""
    document = of_story(attn)
    document["stages"] = [s for s in document["stages"] if not s["name"].endswith(missing)]
    with pytest.raises(AssertionError, match="is not shown above it"):
        checked(document)
    document["stages"] = of_story(attn, "--stage", "*embed*")["stages"] + document["stages"]
    with pytest.raises(AssertionError):
        checked(document)
