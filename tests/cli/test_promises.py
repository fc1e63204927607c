"""Nothing happens silently: an option changes the answer, or it is refused or absent."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
import pytest

import attncli
from attncli.cli import COMMANDS
from attncli.render.page.formats import FORMATS, formats_of
from tests.conftest import Run, error_of, text_of

GOLDEN = Path(__file__).parent.parent / "golden"
BERT, T5 = str(GOLDEN / "bert-pair"), str(GOLDEN / "t5-text")
TEXT = "the cat sat on the mat and then the cat ran to the tree by the old mill and sat there in the sun all day"
SEEDED = ("-m", "seeded")

WITNESS: dict[str, tuple[str, ...]] = {
    "pair": ("--pair", "the mat"), "special_tokens": ("--no-special-tokens",), "target": ("--target", "the"),
    "target_ids": ("--target-ids", "0,3"), "model": ("-m", "seeded"), "tokenizer": ("--tokenizer", "chars"),
    "dtype": ("--dtype", "float64"), "layer": ("--layer", "2"), "head": ("--head", "1"),
    "stages": ("--stage", "scores"),
    "query": ("--query", "1"), "key": ("--key", "0"), "attention": ("--attention", "cross"), "top": ("--top", "2"),
    "seed": ("--seed", "1"), "d_model": ("--d-model", "16"), "layers": ("--layers", "1"), "d_ff": ("--d-ff", "3"),
    "heads": ("--heads", "4"), "kv_heads": ("--kv-heads", "1"), "positions": ("--positions", "alibi"),
    "causal": ("--bidirectional",), "format_": ("--format", "csv"), "json_": ("--json",),
    "precision": ("--precision", "2"), "full": ("--full",), "lang": ("--lang", "ja"), "sort": ("--sort", "first"),
    "pool": ("--pool", "mean"), "only": ("--only", "range"), "gain": ("--gain", "2"),
    "forget_bias": ("--forget-bias", "3"), "dim": ("--dim", "8"), "length": ("--length", "3"),
    "position": ("--at", "2"), "base": ("--base", "100"), "kind": ("--positions", "rotary"),
    "size": ("--size", "85mm"), "title": ("--title", "T"), "colors": ("--colors", "cividis"),
    "ascii": ("--ascii",),
    "overview": ("--overview",), "score": ("--score", "entropy"), "as_map": ("--map",),
    "similarity": ("--similarity",),
}  # fmt: skip
"""Each option with a value that changes the answer of BASE, or of BASES."""
BASE = {
    "explain": ("explain", TEXT), "map": ("map", TEXT), "tokens": ("tokens", TEXT),
    "versus": ("versus", TEXT, "--only", "range"), "pe": ("pe",), "model": ("model", "story"),
    "families": ("families", "gpt2"), "stages": ("stages", "weights"),
}  # fmt: skip
BASES: dict[tuple[str, str], tuple[str, ...]] = {
    **{(c, "pair"): (c, "the cat", "-m", BERT) for c in ("explain", "map", "tokens")},
    **{(c, "target"): (c, "the cat", "-m", T5) for c in ("explain", "map")},
    **{(c, "target_ids"): (c, "the cat", "-m", T5) for c in ("explain", "map")},
    **{(c, o): (c, TEXT, *SEEDED) for c in ("explain", "map")
       for o in ("tokenizer", "d_model", "layers", "d_ff", "heads", "kv_heads", "positions", "causal", "seed")},
    ("explain", "d_ff"): ("explain", TEXT, *SEEDED, "--stage", "mlp.hidden"),
    ("map", "d_ff"): ("map", TEXT, *SEEDED, "--layer", "1", "--head", "0"),
    ("explain", "layers"): ("explain", TEXT, *SEEDED, "--stage", "logits"),
    ("tokens", "target"): ("tokens", "the cat", "-m", T5),
    ("tokens", "target_ids"): ("tokens", "the cat", "-m", T5),
    ("explain", "attention"): ("explain", "the cat", "--target", "the", "-m", T5, "--query", "0"),
    ("explain", "key"): ("explain", TEXT, "--query", "1"),
    ("explain", "top"): ("explain", TEXT, "--stage", "logits"),
    ("explain", "dtype"): ("explain", TEXT, "--stage", "logits", "--format", "csv"),
    ("map", "dtype"): ("map", TEXT, "--format", "csv"), ("map", "pool"): ("map", TEXT + " " + TEXT, "--head", "0"),
    ("map", "full"): ("map", " ".join([TEXT] * 4), "--layer", "0", "--head", "0"),
    ("versus", "full"): ("versus", " ".join([TEXT] * 4), "--only", "range"),
    ("versus", "only"): ("versus", TEXT, "--only", "order"), ("pe", "heads"): ("pe", "--positions", "alibi"),
    **{(c, o): (*BASE[c], "--format", "svg") for c in BASE for o in ("size", "title", "colors")},
    ("map", "score"): ("map", TEXT, "--overview"),
    ("pe", "full"): ("pe", "--length", "60"),
}  # fmt: skip
ELSEWHERE = {
    "pager",
    "sentence", "file", "ids", "output", "adapter", "ignore_config", "truncate", "lengths", "threads", "help",
    "version", "names", "path", "name",
}  # fmt: skip
"""Options that need files or times, or that other tests cover: the input, -o, adapters, config.json."""


def options(command: str) -> list[click.Option]:
    parameters = import_module(f"attncli.cli.commands.{command}").command.params
    return [p for p in parameters if isinstance(p, click.Option) and not p.hidden and p.name not in ELSEWHERE]


CASES = [
    (command, option.name)
    for command in BASE
    for option in options(command)
    if (command, option.name) != ("model", "full")  # long lists, which are in tests/cli/test_model.py
]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_every_option_changes_an_answer(attn: Run, command: str, name: str) -> None:
    assert name in WITNESS, f"say in WITNESS how {name} changes the answer of attn {command}"
    base, option = BASES.get((command, name), BASE[command]), WITNESS[name]
    plain, changed = (
        attn(*base),
        attn(*(a for a in base if name != "only" or a not in ("--only", "order")), *option),
    )
    assert plain.returncode == changed.returncode == 0, (plain.stderr, changed.stderr)
    assert plain.stdout != changed.stdout


@pytest.mark.parametrize("flag", [("--precision", "2"), ("--full",)])
@pytest.mark.parametrize("command", ["explain", "versus", "pe", "model"])
def test_what_is_for_people_is_refused_in_formats_for_programs(
    attn: Run, command: str, flag: tuple[str, ...]
) -> None:
    if flag[0][2:] not in [option.name for option in options(command)]:
        assert "has no option" in error_of(attn(*BASE[command], *flag), 2)
        return
    for name in formats_of(command):
        if FORMATS[name].kind in ("data", "arrays"):
            said = error_of(attn(*BASE[command], *flag, "--format", name), 2)
            assert f"{flag[0]} would have no effect here: {name} has" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explain", "--ids", "1,2", "--no-special-tokens"), "--ids are taken as they are"),
        (("explain", "a b", "--stage", "weights", "--top", "3"), "neither logits nor probs are selected"),
        (("explain", "a b", "--query", "1", "--key", "0", "--top", "3", "--json"), "json has every product"),
        (("explain", "a b", "--stage", "logits", "--head", "1"), "no selected stage has heads"),
        (("explain", "a b", "--stage", "logits", "--layer", "1"), "no selected stage is in a layer"),
        (("map", "a b", "--stage", "layers.1.attn.weights", "--layer", "0"), "no selected stage is in a layer"),
        (("tokens", "a b", "--seed", "0", "--layers", "3"), "tokens do not depend on the weights"),
        (("pe", "--map", "--precision", "3"), "a map shows colors"),
        (("versus", "a b", "--only", "order", "--full"), "only the experiment range"),
        (("explain", "a b", "--ignore-config", "nothing"), "has no such field"),
        (("explain", "a b", "--ignore-config", "hidden_size"), "attn knows this field"),
        (("explain", "a b", *SEEDED, "--ignore-config", "x"), "--ignore-config is for a model with a config.json"),
        (("tokens", "a b", "--dtype", "float64"), "has no option"),
        (("tokens", "a b", "--adapter", "x"), "has no option"),
    ],
)
def test_an_option_without_effect_is_refused(attn: Run, arguments: tuple[str, ...], says: str) -> None:
    assert says in error_of(attn(*arguments), 2)


# ------------------------------------------------------------------ given once


@pytest.mark.parametrize(("command", "name"), CASES)
def test_an_option_that_takes_one_value_is_given_once(attn: Run, command: str, name: str) -> None:
    option = next(o for o in options(command) if o.name == name)
    given = ("--lang", "en") if name == "lang" else WITNESS[name]
    done = attn(*BASE[command][:1], *given, *given)
    assert ("is given more than once" in done.stderr.decode()) == (not option.multiple)


def test_both_spellings_of_an_option_are_one_option(attn: Run) -> None:
    assert "--at is given more than once" in error_of(attn("pe", "--at", "1", "--position", "2"), 2)
    assert "--causal or --bidirectional" in error_of(attn("explain", "a", "--causal", "--bidirectional"), 2)
    assert "as in --layer 0,2" in error_of(attn("explain", "a", "--layer", "1", "--layer", "2"), 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("--kind", "rotary", "--length", "2"), ("--positions", "rotary", "--length", "2")),
        (("--position", "2-3"), ("--at", "2-3")),
        (("--position=2",), ("--at", "2")),
        (("--d-model", "8"), ("--dim", "8")),
    ],
)
def test_old_spellings_work_and_are_not_listed(attn: Run, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert text_of(attn("pe", *old)) == text_of(attn("pe", *new))
    assert f"{old[0].split('=')[0]} " not in text_of(attn("pe", "--help"))


# ------------------------------------------------------------------ seeded weights are asked for


@pytest.mark.parametrize(
    ("given", "story"),
    [
        (("--layers", "2"), "For layer 2 of the story model: --layer 2."),
        (("--layers", "40"), "The story model has its own."),
        (("--heads", "2"), "For head 2 of the story model: --head 2."),
        (("--d-model", "16"), "The story model has its own."),
        (("--bidirectional",), "The story model has its own."),
        (("--positions", "rotary"), "The story model has its own."),
        (("--tokenizer", "chars"), "The story model has its own tokenizer."),
    ],
)
@pytest.mark.parametrize("command", ["explain", "map"])
def test_what_shapes_seeded_weights_does_not_change_the_model(
    attn: Run, command: str, given: tuple[str, ...], story: str
) -> None:
    said = error_of(attn(command, "a b", *given), 2)
    assert "seeded weights, and no --seed is given" in said
    assert f"{story} For random weights: --seed 0 {' '.join(given)}." in said
    seeded = text_of(attn(command, "a b", "--seed", "0", *given, "--json"))
    assert text_of(attn(command, "a b", "-m", "seeded", *given, "--json")) == seeded


def test_a_tokenizer_alone_is_enough_for_tokens(attn: Run) -> None:
    assert text_of(attn("tokens", "ab c", "--tokenizer", "chars")) == text_of(
        attn("tokens", "ab c", "--tokenizer", "chars", "--seed", "0")
    )
    assert "tokens do not depend on the weights" in error_of(attn("tokens", "ab c", "--layers", "3"), 2)


def test_python_keeps_the_same_promise() -> None:
    with pytest.raises(attncli.UsageError, match="layers=2 shapes seeded weights") as told:
        attncli.load_model(layers=2)
    assert told.value.hint is not None
    assert "trace(…, layers=2). For random weights: seed=0, layers=2." in told.value.hint
    with pytest.raises(attncli.UsageError, match="tokenizer='chars' splits text"):
        attncli.load_model(tokenizer="chars")
    named, by_seed = attncli.load_model("seeded", layers=1), attncli.load_model(seed=0, layers=1)
    assert named.spec.layers == by_seed.spec.layers == 1
    with pytest.raises(attncli.UsageError, match="no checkpoint to describe"):
        attncli.describe("seeded")


def test_the_commands_of_the_walk_are_all_that_answer() -> None:
    assert set(COMMANDS) - set(BASE) <= {"schema", "completion", "help"}
