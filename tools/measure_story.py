"""Copies a trained story model into the package, measures it and writes its model card.

python -m tools.measure_story CORPUS OUT    OUT: the folder written by tools.train_story

attn itself computes everything, in numpy, from the model as shipped: the held-out loss beside that of a trigram
model, the scores of every head, and the next tokens after everyday beginnings.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from attncli import Model, load_model, trace
from attncli.insights import patterns
from attncli.story import CARD, FOLDER
from attncli.text.visible import visible
from tools.story_text import VOCABULARY, Text, encode, read_books
from tools.trigram import fit

ROW = 255  # tokens after <s>
PROMPTS = (
    "Once upon a time there was a",
    "The old king sat on his",
    "She opened the door and",
    "The little girl began to",
    "\"Oh dear!\" said",
    "He looked at her and",
    "They lived happily ever",
    "Good morning,",
    "In the middle of the",
    "The boy ran as fast as he",
    "I do not know what you",
    "The sun was shining and the birds were",
    "Alice and Dorothy went to the river. Alice and",
)  # fmt: skip


def held_out_losses(model: Model, text: Text) -> NDArray[np.floating]:
    """The loss of each held-out token in nats, [row, position]; each row follows `<s>`."""
    rows = text.ids[: len(text.ids) // ROW * ROW].reshape(-1, ROW)
    losses = []
    for row in rows:
        logits = trace(model=model, ids=[0, *row[:-1]], stages=["logits"])["logits"].values  # [position, vocab]
        top = logits.max(-1, keepdims=True)
        logs = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
        losses.append(-logs[np.arange(ROW), row])
    return np.stack(losses)


def repeated(random: np.random.Generator, length: int = 50) -> list[int]:
    """`<s>`, then a sequence of distinct random tokens, twice."""
    tokens = random.choice(np.arange(1, VOCABULARY), length, replace=False).tolist()
    return [0, *tokens, *tokens]


def head_scores(model: Model, texts: list[list[int]]) -> dict[str, NDArray[np.floating]]:
    """The mean over texts of every score in `insights.patterns`. [layer, head]"""
    found: dict[str, list[NDArray[np.floating]]] = {kind: [] for kind in patterns.PATTERNS}
    for ids in texts:
        stages = trace(model=model, ids=ids, stages=["layers.*.attn.weights"])
        weights = np.stack([stage.values for stage in stages.values()])  # [layer, head, query, key]
        for kind, pairs in patterns.PATTERNS.items():
            found[kind].append(patterns.score(weights, pairs(ids)))
    return {kind: np.mean(scores, axis=0) for kind, scores in found.items()}


def next_words(model: Model, prompt: str, top: int = 5) -> list[tuple[str, float]]:
    """The likeliest next tokens after a prompt, with their probabilities."""
    last = trace(prompt, model=model, stages=["probs"], queries=[-1])
    probs = last["probs"].values[0]
    best = np.argsort(probs)[::-1][:top]
    assert model.tokenizer is not None
    return [(model.tokenizer.from_ids([int(i)]).texts[0], float(probs[i])) for i in best]


def losses_block(model: Model, train: Text, held_out: Text) -> Iterator[str]:
    losses = held_out_losses(model, held_out)
    trigram = fit(train.ids.tolist(), VOCABULARY).loss(held_out.ids.tolist())
    yield "| model | held-out loss (nats a token) | perplexity |"
    yield "| --- | --- | --- |"
    yield f"| uniform | {np.log(VOCABULARY):.3f} | {VOCABULARY:,} |"
    yield f"| trigram, interpolated Kneser-Ney, same tokens | {trigram:.3f} | {np.exp(trigram):.0f} |"
    yield f"| story | {losses.mean():.3f} | {np.exp(losses.mean()):.0f} |"
    late = losses[:, 64:].mean()
    yield f"| story, from the 64th token of a row on | {late:.3f} | {np.exp(late):.0f} |"


def heads_block(model: Model, held_out: Text) -> Iterator[str]:
    random = np.random.default_rng(0)
    on_random = head_scores(model, [repeated(random) for _ in range(20)])
    starts = random.choice(held_out.paragraphs[held_out.paragraphs < len(held_out.ids) - 100], 50, replace=False)
    on_text = head_scores(model, [[0, *held_out.ids[s : s + 99].tolist()] for s in starts])
    in_text = ("previous", "first", "induction")
    yield "| head | " + " | ".join([*patterns.PATTERNS, *(f"{kind}, in text" for kind in in_text)]) + " |"
    yield "| --- " * 9 + "|"
    for layer, head in np.ndindex(on_random["previous"].shape):
        row = [on_random[kind][layer, head] for kind in patterns.PATTERNS]
        row += [on_text[kind][layer, head] for kind in in_text]
        yield f"| {layer}.{head} | " + " | ".join(f"**{v:.2f}**" if v >= 0.4 else f"{v:.2f}" for v in row) + " |"


def words_block(model: Model) -> Iterator[str]:
    yield "| beginning | the five likeliest next tokens |"
    yield "| --- | --- |"
    for prompt in PROMPTS:
        words = ", ".join(f"`{visible(word)}` {share:.0%}" for word, share in next_words(model, prompt))
        yield f"| {prompt} | {words} |"


def with_block(card: str, name: str, lines: Iterator[str]) -> str:
    """The card with the lines of a block replaced."""
    block = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    if not block.search(card):
        raise click.ClickException(f"{CARD} has no block {name}")
    text = "\n".join(lines) + "\n"
    return block.sub(lambda _: text, card, count=1)


def draw_curve(file: Path, picture: Path) -> None:
    """Plots the losses, and the scores of the best previous-token and induction heads, over the tokens seen."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "story"  # so that the same numbers give the same file
    with file.open(newline="") as rows:
        curve = {
            name: [float(row[name]) for row in rows] for rows in [list(csv.DictReader(rows))] for name in rows[0]
        }
    millions = [tokens / 1e6 for tokens in curve["tokens"]]
    figure, (losses, scores) = plt.subplots(2, 1, sharex=True, figsize=(7, 5), layout="constrained")
    losses.plot(millions, curve["held_out"], label="held out")
    losses.plot(millions, curve["train"], label="training rows, repetition included", alpha=0.6)
    losses.set_ylabel("loss, nats a token")
    scores.plot(millions, curve["previous"], label="best previous-token head")
    scores.plot(millions, curve["induction"], label="best induction head")
    scores.set(ylabel="mean weight", xlabel="million tokens seen", ylim=(0, 1.02))
    for axes in (losses, scores):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, metadata={"Date": None})


@click.command()
@click.argument("corpus", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(corpus: Path, out: Path) -> None:
    """Copy the model in OUT into the package, measure it on the held-out ends of the books in CORPUS, and write
    its model card."""
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (FOLDER / name).write_bytes((out / name).read_bytes())
    draw_curve(out / "curve.csv", FOLDER / "loss.svg")
    model = load_model("story")
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    train, held_out = (encode(tokenizer, side) for side in read_books(corpus))
    card = CARD.read_text("utf-8")
    for name, lines in (
        ("losses", losses_block(model, train, held_out)),
        ("heads", heads_block(model, held_out)),
        ("words", words_block(model)),
    ):
        card = with_block(card, name, lines)
    CARD.write_text(card, "utf-8")


if __name__ == "__main__":
    main()
