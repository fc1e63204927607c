"""Compares `attn` with the scripts that a user would write with `transformers`, in one run: whole processes, from
a cold interpreter to the last byte written; wall time and peak resident memory, the median of several runs in
turn.

python benchmarks/run.py [--peer-python PYTHON] [--runs 5] [--work FOLDER] [--report FILE]

`--peer-python`: an interpreter with torch and transformers, if this one has none.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

HERE = Path(__file__).parent
SIXTEEN = "a b c d e f g h i j k l m n o p"
LONG = " ".join("abcdefghijklmnop"[i % 16] for i in range(4096))


@dataclass(frozen=True)
class Measured:
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Comparison:
    """Two commands that answer the same question, and by how much ours must be better."""

    title: str
    ours: Sequence[str]
    peer_name: str
    peer: Sequence[str]
    faster: float = 0  # the least ratio of the peer's time to ours
    smaller: float = 0  # the least ratio of the peer's memory to ours
    runs: int = 0  # 0: as many as --runs


def comparisons(work: Path, peer_python: str) -> list[Comparison]:
    """The comparisons for the project's targets. `attn` is the command beside this interpreter."""
    attn = str(Path(sys.executable).parent / "attn")
    tiny = checkpoint_folder(work / "tinyllama", "tinyllama")
    small, long = (
        checkpoint_folder(work / "gpt2-small", "gpt2-small"),
        checkpoint_folder(work / "gpt2-small-long", "gpt2-small", 4096),
    )
    peer = [peer_python, str(HERE / "peer.py")]
    npz = str(work / "out.npz")
    everything = ["--layer", "all", "--head", "all", "--stage", "all"]
    row = ["--layer", "0", "--head", "0", "--stage", "weights", "--query", "4095"]
    return [
        Comparison("`attn --help`", [attn, "--help"],
                "`python -c pass`", [sys.executable, "-c", "pass"], faster=1 / 8),
        Comparison("layer 0, head 0, 16 tokens", [attn, "explain", SIXTEEN, "-m", small],
                "transformers", [*peer, "one-head", small, SIXTEEN], faster=20, smaller=8),
        Comparison("layer 0, head 0, 16 tokens, of 1.1 billion parameters in bfloat16",
                [attn, "explain", SIXTEEN, "-m", tiny],
                "transformers", [*peer, "one-head", tiny, SIXTEEN], faster=20),
        Comparison("all stages of all 12 layers to npz, 16 tokens",
                [attn, "explain", SIXTEEN, "-m", small, *everything, "-o", npz],
                "transformers", [*peer, "everything", small, SIXTEEN, npz], faster=10),
        Comparison("one row of one head, 4,096 tokens", [attn, "explain", LONG, "-m", long, *row],
                "transformers", [*peer, "one-row", long, LONG], runs=1),
    ]  # fmt: skip


def checkpoint_folder(folder: Path, kind: str, *size: int) -> str:
    """A checkpoint, made if it is not there yet: in another process, because the peak memory of a child is at
    least that of its parent."""
    if not (folder / "config.json").exists():
        command = [sys.executable, str(HERE / "checkpoint.py"), kind, str(folder), *map(str, size)]
        subprocess.run(command, check=True)
    return str(folder)


def measure(command: Sequence[str]) -> Measured:
    """One run of a command, without its output. Raises SystemExit if it fails."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)[:300]}\nfailed:\n{errors.read().decode()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in kilobytes elsewhere
    return Measured(seconds, usage.ru_maxrss * scale / 1e6)


def median(runs: Sequence[Measured]) -> Measured:
    return Measured(statistics.median(r.seconds for r in runs), statistics.median(r.megabytes for r in runs))


def compared(comparison: Comparison, runs: int) -> tuple[str, bool]:
    """One row of the report, and whether the targets are met. The two sides take turns; the first turn only fills
    the disk cache."""
    ours, peer = [], []
    for _ in range((comparison.runs or runs) + 1):
        ours.append(measure(comparison.ours))
        peer.append(measure(comparison.peer))
    we, they = median(ours[1:]), median(peer[1:])
    faster, smaller = they.seconds / we.seconds, they.megabytes / we.megabytes
    targets = [f"≥ {comparison.faster:.0f}× faster"] if comparison.faster >= 1 else []
    targets += [f"≤ {1 / comparison.faster:.0f}× the time"] if 0 < comparison.faster < 1 else []
    targets += [f"≤ 1/{comparison.smaller:.0f} memory"] if comparison.smaller else []
    met = faster >= comparison.faster and smaller >= comparison.smaller
    verdict = "none set" if not targets else ", ".join(targets) + (": met" if met else ": missed")
    ratio = f"{faster:.1f}× faster" if faster >= 1 else f"{1 / faster:.1f}× the time"
    cells = (comparison.title, f"{we.seconds:.3f} s, {we.megabytes:.0f} MB", comparison.peer_name,
             f"{they.seconds:.3f} s, {they.megabytes:.0f} MB", ratio, f"1/{smaller:.1f}", verdict)  # fmt: skip
    return "| " + " | ".join(cells) + " |", met


@click.command()
@click.option("--peer-python", default=sys.executable, help="An interpreter with torch and transformers.")
@click.option("--runs", default=5, show_default=True, help="Measured runs of each side.")
@click.option("--work", type=click.Path(path_type=Path), default=HERE / "work", help="The folder for checkpoints.")
@click.option("--only", default="", metavar="TEXT", help="Only the comparisons whose title contains this.")
def main(peer_python: str, runs: int, work: Path, only: str) -> None:
    """Run every comparison and print a Markdown table; exit status 1 where a target is missed."""
    print(f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| question | attn | peer | its figures | time | memory | target |\n|---|---|---|---|---|---|---|")
    results = []
    for comparison in comparisons(work, peer_python):
        if only in comparison.title:
            line, met = compared(comparison, runs)
            print(line, flush=True)
            results.append(met)
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
