"""The story model shows what attention is for, and its card tells the truth."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import attncli
from attncli.insights import patterns
from attncli.story import CARD, FOLDER, LAYER
from tests.conftest import Run, error_of, text_of

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tools import measure_story


@pytest.fixture(scope="module")
def story() -> attncli.Model:
    return attncli.load_model("story")


def test_it_is_the_default_and_first_shows_its_previous_token_head(attn: Run) -> None:
    plain = json.loads(text_of(attn("explain", "The cat sat", "--json")))
    named = json.loads(text_of(attn("explain", "The cat sat", "-m", "story", "--layer", str(LAYER), "--json")))
    assert plain["model"] == named["model"]
    assert plain["model"]["name"] == "story"
    assert plain["stages"] == named["stages"]
    (weights,) = [s for s in plain["stages"] if s["name"] == f"layers.{LAYER}.attn.weights"]
    assert np.argmax(weights["values"][0][3]) == 2


@pytest.mark.parametrize("option", [("--seed", "0"), ("-m", "seeded"), ("-m", "seeded", "--heads", "1")])
def test_a_seed_or_its_name_asks_for_seeded_weights(attn: Run, option: tuple[str, ...]) -> None:
    document = json.loads(text_of(attn("explain", "The cat sat", *option, "--stage", "embed", "--json")))
    assert document["model"]["source"] == "seed 0"


@pytest.mark.parametrize("option", [("--heads", "1"), ("--tokenizer", "chars"), ("--causal",)])
def test_a_shape_or_a_tokenizer_alone_does_not_change_the_model(attn: Run, option: tuple[str, ...]) -> None:
    assert "no --seed is given" in error_of(attn("explain", "The cat sat", *option), 2)


@pytest.mark.parametrize("option", [("--heads", "3"), ("--layers", "9"), ("--d-ff", "5"), ("--bidirectional",)])
def test_what_is_offered_for_random_weights_works(attn: Run, option: tuple[str, ...]) -> None:
    said = error_of(attn("explain", "The cat sat", *option), 2)
    offered = said.rpartition("For random weights: ")[2].strip().removesuffix(".").split()
    document = json.loads(text_of(attn("explain", "The cat sat", *offered, "--stage", "embed", "--json")))
    assert document["model"]["source"] == "seed 0"


def test_a_seed_does_not_go_with_a_model(attn: Run) -> None:
    assert "--seed is for seeded weights; story has its own" in error_of(
        attn("explain", "a", "-m", "story", "--seed", "1"), 2
    )


def test_the_name_means_the_bundled_model_and_a_path_the_folder(attn: Run, tmp_path: Path) -> None:
    (tmp_path / "story").mkdir()
    assert json.loads(text_of(attn("explain", "a", "-m", "story", "--json")))["model"]["source"] == "bundled"
    assert "no config.json" in error_of(attn("explain", "a", "-m", "./story"), 1)


def test_a_tokenizer_in_the_current_folder_is_not_used_for_other_weights(attn: Run, tmp_path: Path) -> None:
    """It is large enough for the second process that reads vocabularies, and would split the text differently."""
    words = {f"word{i}": i for i in range(60_000)} | {"The": 60_000, "cat": 60_001}
    model = {"type": "WordLevel", "vocab": words, "unk_token": "word0"}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    for option in ((), ("--seed", "0")):
        tokens = json.loads(text_of(attn("explain", "The cat", *option, "--json")))["tokens"]
        assert [t["text"].strip() for t in tokens][-2:] == ["The", "cat"]


def test_it_fits_in_three_megabytes() -> None:
    shipped = [file for file in FOLDER.iterdir() if file.suffix in (".json", ".safetensors", ".md", ".py")]
    assert sum(file.stat().st_size for file in shipped) < 3_000_000


def test_it_has_a_previous_token_head_and_an_induction_head(story: attncli.Model) -> None:
    """On random tokens, given twice: the weight on the previous token, and on the one after the last
    occurrence."""
    random = np.random.default_rng(7)
    scores = measure_story.head_scores(story, [measure_story.repeated(random) for _ in range(5)])
    assert scores["previous"].max() > 0.5
    assert scores["previous"][LAYER, 0] == scores["previous"].max()
    assert scores["induction"].max() > 0.4


def test_a_phrase_that_occurred_once_is_predicted_again() -> None:
    """The golden bird: only the sentence itself tells what follows the second "golden"."""
    trace = attncli.trace("The golden bird sang to the king. The golden", stages=["probs"], queries=[-1])
    word = attncli.tokenize(attncli.load_model("story"), " bird").ids[-1]
    assert trace["probs"].values[0].argmax() == word
    assert trace["probs"].values[0, word] > 0.5


def test_heads_are_scored_by_the_weights_on_their_pairs() -> None:
    """A B A B: the second A attends to B, which followed the first A; the second B to the second A."""
    ids = [5, 6, 5, 6]
    assert patterns.previous_token(ids).tolist() == [[2, 1], [3, 2]]
    assert patterns.first_token(ids).tolist() == [[1, 0], [2, 0], [3, 0]]
    assert patterns.itself(ids).tolist() == [[1, 1], [2, 2], [3, 3]]
    assert patterns.same_token(ids).tolist() == [[2, 0], [3, 1]]
    assert patterns.induction(ids).tolist() == [[2, 1], [3, 2]]
    weights = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.6, 0.2, 0], [0.1, 0.1, 0.4, 0.4]])
    assert patterns.score(weights, patterns.induction(ids)) == pytest.approx(0.5)
    assert np.isnan(patterns.score(weights, patterns.induction([1, 2, 3, 4])))
    assert patterns.induction([3, 3, 3]).tolist() == []  # the token after the last occurrence is the token itself


def test_the_card_has_the_numbers_of_the_model(story: attncli.Model, attn: Run) -> None:
    card = CARD.read_text("utf-8")
    (words,) = re.findall(r"<!-- words -->\n(.*?)<!-- end -->", card, re.DOTALL)
    assert words == "\n".join(measure_story.words_block(story)) + "\n"
    described = json.loads(text_of(attn("model", "story", "--json")))
    assert f"{described['parameters']:,}" in card
    shown = text_of(attn("model", "story"))
    assert "children's books" in shown
    assert "<!--" not in shown
    assert text_of(attn("model", "story", "--format", "md")).endswith(card)


def test_a_trigram_gives_probabilities() -> None:
    from tools.trigram import fit

    ids = [1, 2, 3, 1, 2, 3, 1, 2, 4, 2, 3, 0, 4, 1]
    trigram = fit(ids, 5)
    for context in ((1, 2), (4, 4), (3, 0)):
        assert sum(trigram.probability(context, word) for word in range(5)) == pytest.approx(1)
    assert trigram.probability((1, 2), 3) > trigram.probability((1, 2), 4) > trigram.probability((1, 2), 0)


def test_a_text_in_another_language_brings_a_warning(attn: Run) -> None:
    done = attn("explain", "猫が座った。", "--stage", "weights")
    assert done.returncode == 0
    assert b"English only" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    for arguments in (("猫が座った。", "--seed", "0"), ("The café sat",), ("She said “no”",)):
        assert attn("explain", *arguments, "--stage", "weights").stderr == b""


def test_transformers_loads_it_and_agrees(story: attncli.Model) -> None:
    torch = pytest.importorskip("torch", reason="the live comparison needs torch and transformers")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.LlamaForCausalLM.from_pretrained(
        FOLDER, dtype=torch.float32, attn_implementation="eager"
    )
    ids = attncli.tokenize(story, "The golden bird sang to the king. The golden").ids
    with torch.no_grad():
        output = theirs(torch.tensor([ids]), output_attentions=True)
    ours = attncli.trace(ids=ids, model=story, stages=["layers.*.attn.weights", "logits"])
    np.testing.assert_allclose(ours["logits"].values, output.logits[0].numpy(), rtol=1e-4, atol=1e-4)
    for layer, weights in enumerate(output.attentions):
        np.testing.assert_allclose(ours[f"layers.{layer}.attn.weights"].values, weights[0].numpy(), atol=1e-5)


def test_a_word_of_several_tokens_is_found_by_its_tokens(attn: Run) -> None:
    message = error_of(attn("explain", "The cat sat on the mat", "--query", "mat"), 2)
    assert "'mat' is in 2 tokens: 6 ' m', 7 'at'." in message
    assert "--query 7" in message
    assert "no token 'dog'" in error_of(attn("explain", "The cat sat on the mat", "--query", "dog"), 2)
