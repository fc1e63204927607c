"""Measures the forward itself, in a process that has loaded everything: `attn`, recording every stage of every
layer's attention, against `transformers` with eager attention and `output_attentions=True`. Each side runs in its
own process; the two take turns. Both compute the logits of every token, with the same number of threads.

python benchmarks/forward.py [--peer-python PYTHON] [--tokens 16,128,512,1000] [--runs 7] [--threads 2]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

HERE = Path(__file__).parent
ATTENTION = ("input", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "output")


def ours(folder: str) -> Callable[[int], object]:
    """A function that traces the first `n` ids with `attn`."""
    import attncli

    model = attncli.load_model(folder)
    stages = [f"attn.{name}" for name in ATTENTION]
    return lambda n: attncli.trace(ids=range(n), model=model, stages=[*stages, "logits"])


def peer(folder: str) -> Callable[[int], object]:
    """A function that does the same with `transformers`."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()

    def run(n: int) -> object:
        with torch.inference_mode():
            return model(torch.arange(n)[None], output_attentions=True)

    return run


def serve(side: str, folder: str) -> None:
    """Reads numbers of tokens from standard input, and prints the wall and the CPU seconds of each forward."""
    run = {"ours": ours, "peer": peer}[side](folder)
    print("ready", flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        run(int(line))
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)


class Side:
    """The process of one side."""

    def __init__(self, python: str, name: str, folder: Path, threads: int) -> None:
        # attn itself sets the last one: waiting BLAS threads would take the core of working ones
        settings = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1",
                   "OPENBLAS_THREAD_TIMEOUT": "16"}  # fmt: skip
        command = [python, __file__, "--side", name, "--folder", str(folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | settings,
        )  # fmt: skip
        self._line()

    def run(self, tokens: int) -> tuple[float, float]:
        assert self.process.stdin is not None
        print(tokens, file=self.process.stdin, flush=True)
        wall, cpu = self._line().split()
        return float(wall), float(cpu)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended with {self.process.wait()}")
        return line


@click.command()
@click.option("--peer-python", default=sys.executable, help="An interpreter with torch and transformers.")
@click.option("--tokens", default="16,128,512,1000", show_default=True)
@click.option("--runs", default=7, show_default=True, help="Measured runs of each side.")
@click.option("--threads", default=2, show_default=True, help="Threads of each side.")
@click.option("--work", type=click.Path(path_type=Path), default=HERE / "work", help="The folder for checkpoints.")
@click.option("--side", type=click.Choice(["ours", "peer"]), hidden=True)
@click.option("--folder", hidden=True)
def main(
    peer_python: str, tokens: str, runs: int, threads: int, work: Path, side: str | None, folder: str | None
) -> None:
    """Print a Markdown table; exit status 1 where `attn` is slower."""
    if side is not None and folder is not None:
        serve(side, folder)
        return
    model = work / "gpt2-small"
    if not (model / "config.json").exists():
        subprocess.run([sys.executable, str(HERE / "checkpoint.py"), "gpt2-small", str(model)], check=True)
    sides = Side(sys.executable, "ours", model, threads), Side(peer_python, "peer", model, threads)
    print("| tokens | attn | CPU | transformers | CPU | theirs / ours | target |\n|---|---|---|---|---|---|---|")
    met = []
    for n in map(int, tokens.split(",")):
        turns = [[side.run(n) for side in sides] for _ in range(runs + 1)][1:]
        (we, our_cpu), (they, their_cpu) = (
            [statistics.median(turn[side][kind] for turn in turns) for kind in (0, 1)] for side in (0, 1)
        )
        met.append(we <= they)
        cells = (f"{n:,}", f"{we:.3f} s", f"{our_cpu:.2f} s", f"{they:.3f} s", f"{their_cpu:.2f} s",
                 f"{they / we:.2f}", "no slower: " + ("met" if met[-1] else "missed"))  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
