"""Trains the story model, which comes with attn. Needs torch and transformers.

python -m tools.train_story CORPUS OUT

Training is seeded and can be resumed: every `--save-every` steps the state is saved to OUT/state.pt, and the same
command continues from there. At the end OUT has the model in Hugging Face layout, and the losses in `curve.csv`.
"""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from attncli.insights import patterns
from tools.story_text import START, VOCABULARY, Mix, Text, batch, encode, read_books, train_tokenizer

ROWS, LENGTH = 16, 256  # 4,096 tokens a step


@dataclass(frozen=True)
class Recipe:
    """The settings of a run. The learning rates are for Muon (the matrices of the layers) and AdamW (all else)."""

    steps: int
    seed: int
    muon_rate: float = 0.02
    adam_rate: float = 3e-3
    decay: float = 0.1
    warm_up: int = 100
    cool_down: float = 0.4  # the share of the steps at the end in which the rates go down to 0
    switch: int = 1800  # the step from which on the second mix is used

    def rate(self, step: int) -> float:
        """The factor of the learning rates: linear warm-up, constant, linear decay."""
        left = (self.steps - step) / (self.cool_down * self.steps)
        return min(1.0, (step + 1) / self.warm_up, left)

    def mix(self, step: int) -> Mix:
        """Much repetition until the induction heads have formed, then mostly the books."""
        return Mix(random=0.35, passages=0.25) if step < self.switch else Mix(random=0.1, passages=0.12)


def config() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=LENGTH,
        tie_word_embeddings=True,
        initializer_range=0.06,
        bos_token_id=0,
        eos_token_id=None,
        attn_implementation="sdpa",
    )


def optimizers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=recipe.muon_rate, weight_decay=recipe.decay, momentum=0.95),
        torch.optim.AdamW(others, lr=recipe.adam_rate, weight_decay=0.01, betas=(0.9, 0.98)),
    ]


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """The mean loss of the targets that count, in nats."""
    hidden = model.model(ids, use_cache=False).last_hidden_state[:, :-1]  # [row, position, d_model]
    logits = hidden.flatten(0, 1) @ model.lm_head.weight.T  # [target, vocab]
    losses = cross_entropy(logits.float(), ids[:, 1:].flatten(), reduction="none")
    return (losses * counts[:, 1:].flatten()).sum() / counts[:, 1:].sum()


def held_out_loss(model: LlamaForCausalLM, text: Text) -> float:
    """The mean loss of every held-out token in nats, in rows of 255 after `<s>`, in float32."""
    rows = text.ids[: len(text.ids) // (LENGTH - 1) * (LENGTH - 1)].reshape(-1, LENGTH - 1)
    ids = torch.from_numpy(np.pad(rows, ((0, 0), (1, 0))))
    with torch.no_grad():
        losses = [float(loss_of(model, chunk, torch.ones(chunk.shape))) * len(chunk) for chunk in ids.split(ROWS)]
    return sum(losses) / len(ids)


def head_scores(model: LlamaForCausalLM, seed: int = 0) -> dict[str, np.ndarray]:
    """Each score of `insights.patterns` -> its mean, [layer, head], on `<s>` and 50 random tokens, twice."""
    random = np.random.default_rng(seed)
    ids = np.zeros((8, 101), dtype=np.int64)
    ids[:, 1:51] = ids[:, 51:] = [random.choice(np.arange(1, VOCABULARY), 50, replace=False) for _ in ids]
    model.set_attn_implementation("eager")
    with torch.no_grad():
        attentions = model(torch.from_numpy(ids), output_attentions=True).attentions
    model.set_attn_implementation("sdpa")
    weights = torch.stack(attentions).numpy()  # [layer, row, head, query, key]
    return {
        kind: np.mean([patterns.score(weights[:, row], pairs(list(ids[row]))) for row in range(len(ids))], axis=0)
        for kind, pairs in patterns.PATTERNS.items()
    }


def sort_heads(model: LlamaForCausalLM) -> None:
    """Sorts the heads of each layer by their highest score, which does not change what the model computes."""
    highest = np.max(list(head_scores(model).values()), axis=0)  # [layer, head]
    for layer, scores in zip(model.model.layers, highest, strict=True):
        order = torch.from_numpy(np.argsort(-scores))
        attn = layer.self_attn
        for projection in (attn.q_proj, attn.k_proj, attn.v_proj):  # [head · d_head, d_model]
            rows = projection.weight.data.unflatten(0, (len(order), -1))
            projection.weight.data = rows[order].flatten(0, 1)
        columns = attn.o_proj.weight.data.unflatten(1, (len(order), -1))  # [d_model, head, d_head]
        attn.o_proj.weight.data = columns[:, order].flatten(1, 2)


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the model as shipped: float16 safetensors, config.json, tokenizer.json."""
    half = LlamaForCausalLM(model.config)
    half.load_state_dict(model.state_dict())
    sort_heads(half)
    half.half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


@click.command()
@click.argument("corpus", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--steps", default=7_500, show_default=True, help="Steps of 4,096 tokens.")
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option("--save-every", default=200, show_default=True)
def main(corpus: Path, out: Path, steps: int, seed: int, threads: int, save_every: int) -> None:
    """Train the story model on the books in CORPUS, and write its state and the model to OUT."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(steps=steps, seed=seed)
    books, ends = read_books(corpus)
    if (out / "tokenizer.json").exists():
        tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    else:
        tokenizer = train_tokenizer(books)
        tokenizer.save(str(out / "tokenizer.json"))
    train, held_out = encode(tokenizer, books), encode(tokenizer, ends)
    click.echo(
        f"{len(train.ids):,} training tokens, {len(held_out.ids):,} held out; every text begins with {START}"
    )

    model = LlamaForCausalLM(config())
    all_optimizers = optimizers(model, recipe)
    state = out / "state.pt"
    step = 0
    if state.exists():
        saved = torch.load(state, weights_only=True)
        step = saved["step"]
        model.load_state_dict(saved["model"])
        for optimizer, saved_state in zip(all_optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(saved_state)
        click.echo(f"continuing from step {step}")
    full_rates = [recipe.muon_rate, recipe.adam_rate]
    compiled = torch.compile(loss_of)

    running: list[float] = []
    while step < recipe.steps:
        for optimizer, full in zip(all_optimizers, full_rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = full * recipe.rate(step)
        random = np.random.default_rng(
            (seed, step)
        )  # a generator for each step, so that a resumed run is the same
        ids, counts = batch(train, recipe.mix(step), ROWS, LENGTH, random)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = compiled(model, torch.from_numpy(ids), torch.from_numpy(counts))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in all_optimizers:
            optimizer.step()
            optimizer.zero_grad()
        running.append(loss.item())
        step += 1
        if step % save_every == 0 or step == recipe.steps:
            report(out, model, held_out, step, float(np.mean(running)))
            running = []
            checkpoint = {
                "step": step,
                "model": model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in all_optimizers],
            }
            torch.save(checkpoint, state.with_suffix(".new"))
            os.replace(state.with_suffix(".new"), state)
    save(model, tokenizer, out)


def report(out: Path, model: LlamaForCausalLM, held_out: Text, step: int, train_loss: float) -> None:
    """Writes one line to the terminal and to curve.csv: the losses and the best head for each score."""
    loss = held_out_loss(model, held_out)
    scores = head_scores(model)
    best = {kind: values.max() for kind, values in scores.items()}
    where = {kind: np.unravel_index(values.argmax(), values.shape) for kind, values in scores.items()}
    shown = "  ".join(f"{kind} {best[kind]:.2f} at {where[kind][0]}.{where[kind][1]}" for kind in best)
    click.echo(f"step {step:6}  train {train_loss:.3f}  held out {loss:.3f}  {shown}")
    curve = out / "curve.csv"
    new = not curve.exists()
    with curve.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "tokens", "train", "held_out", *best])
        writer.writerow(
            [step, step * ROWS * LENGTH, f"{train_loss:.4f}", f"{loss:.4f}", *(f"{v:.4f}" for v in best.values())]
        )


if __name__ == "__main__":
    main()
