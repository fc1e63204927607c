"""Measures the memory that `attn` needs for large checkpoints and long texts.

python benchmarks/large.py [--work FOLDER] [--only TEXT]

The private memory of a process is `RssAnon` of /proc/PID/status, read a thousand times a second. The rest of its
resident memory is the mapped checkpoint in the system's cache, which the system may drop again.
Linux only. Needs 16 GB of disk for the checkpoints.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from run import HERE, SIXTEEN, checkpoint_folder

TEXT = " ".join("abcdefghijklmnop"[i % 16] for i in range(16384))
ALL = ("--layer", "all", "--head", "all")


@dataclass(frozen=True)
class Case:
    """A command, and the limit of its private memory in MB."""

    title: str
    kind: str
    arguments: Sequence[str]
    limit: int
    size: tuple[int, ...] = ()
    text: str = SIXTEEN


def cases() -> list[Case]:
    everything = (*ALL, "--stage", "all", "--format", "npz")
    weights = ("--head", "all", "--stage", "weights")
    row = ("--head", "all", "--query", "16383", "--format", "npz")
    second = ("--layer", "1", "--stage", "weights", *row)
    first = {n: ("--layer", f"0-{n - 1}", *weights, "--json") for n in (8, 16, 32)}
    return [
        Case("1.1 B: layer 0, head 0", "tinyllama", (), 500),
        Case("1.1 B: all stages of all 22 layers to npz", "tinyllama", everything, 1000),
        Case("1.1 B: weights of all 22 layers to json", "tinyllama", ("--layer", "all", *weights, "--json"), 1000),
        Case("1.1 B: the same to csv", "tinyllama", ("--layer", "all", *weights, "--format", "csv"), 1000),
        *(Case(f"6.7 B: weights of {n} layers to json", "llama-2-7b", first[n], 1000) for n in first),
        Case("16,384 tokens: one row of 12 heads, layer 0", "gpt2-small", row, 1000, (16384,), TEXT),
        Case("16,384 tokens: the same of layer 1", "gpt2-small", second, 1000, (16384,), TEXT),
    ]


def measure(command: Sequence[str]) -> tuple[float, float, float]:
    """The seconds of a command, and the peaks of its private and its resident memory in MB.

    Raises SystemExit if it fails."""
    own = 0
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        own = max([own, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))])
        time.sleep(0.001)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:300]}\nfailed: {process.returncode}")
    return time.perf_counter() - started, own * 1024 / 1e6, usage.ru_maxrss * 1024 / 1e6


@click.command()
@click.option("--work", type=click.Path(path_type=Path), default=HERE / "work", help="The folder for checkpoints.")
@click.option("--only", default="", metavar="TEXT", help="Only the cases whose title contains this.")
def main(work: Path, only: str) -> None:
    """Run every case and print a Markdown table; exit status 1 where a target is missed."""
    attn = str(Path(sys.executable).parent / "attn")
    print("| question | time | private memory | resident memory | target |\n|---|---|---|---|---|")
    met = []
    for case in cases():
        if only not in case.title:
            continue
        folder = checkpoint_folder(work / "-".join([case.kind, *map(str, case.size)]), case.kind, *case.size)
        seconds, own, resident = measure([attn, "explain", case.text, "-m", folder, *case.arguments])
        met.append(own < case.limit)
        verdict = f"< {case.limit} MB: {'met' if met[-1] else 'missed'}"
        print(f"| {case.title} | {seconds:.2f} s | {own:.0f} MB | {resident:.0f} MB | {verdict} |", flush=True)
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
