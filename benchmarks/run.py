"""Measures `attn` against what one writes today, both sides in one run: whole processes, from a cold
interpreter to the last byte written; wall time and peak resident memory (median of several runs, in turn).

python benchmarks/run.py [--peer-python PYTHON] [--runs 5] [--work FOLDER] [--report FILE]

`--peer-python`: an interpreter that has torch and transformers, if this one has not.
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
class Contest:
    """Two commands that answer the same question, and how far apart they have to be."""

    title: str
    ours: Sequence[str]
    peer_name: str
    peer: Sequence[str]
    faster: float = 0  # the peer's time over ours must be at least this
    smaller: float = 0  # and its memory over ours
    runs: int = 0  # 0: as many as asked for


def contests(work: Path, peer_python: str) -> list[Contest]:
    """The contests of the project's targets. `attn` is the one beside this interpreter."""
    attn = str(Path(sys.executable).parent / "attn")
    tiny = made(work / "tinyllama", "tinyllama")
    small, long = made(work / "gpt2-small", "gpt2-small"), made(work / "gpt2-small-long", "gpt2-small", 4096)
    peer = [peer_python, str(HERE / "peer.py")]
    npz = str(work / "out.npz")
    everything = ["--layer", "all", "--head", "all", "--stage", "all"]
    row = ["--layer", "0", "--head", "0", "--stage", "weights", "--query", "4095"]
    return [
        Contest("`attn --help`", [attn, "--help"],
                "`python -c pass`", [sys.executable, "-c", "pass"], faster=1 / 8),
        Contest("layer 0, head 0, 16 tokens", [attn, "explain", SIXTEEN, "-m", small],
                "transformers", [*peer, "one-head", small, SIXTEEN], faster=20, smaller=8),
        Contest("layer 0, head 0, 16 tokens, of 1.1 billion parameters in bfloat16",
                [attn, "explain", SIXTEEN, "-m", tiny],
                "transformers", [*peer, "one-head", tiny, SIXTEEN], faster=20),
        Contest("all stages of all 12 layers to npz, 16 tokens",
                [attn, "explain", SIXTEEN, "-m", small, *everything, "-o", npz],
                "transformers", [*peer, "everything", small, SIXTEEN, npz], faster=10),
        Contest("one row of one head, 4,096 tokens", [attn, "explain", LONG, "-m", long, *row],
                "transformers", [*peer, "one-row", long, LONG], runs=1),
    ]  # fmt: skip


def made(folder: Path, kind: str, *size: int) -> str:
    """A checkpoint that is made once. By another process: a child's peak memory is at least its parent's."""
    if not (folder / "config.json").exists():
        command = [sys.executable, str(HERE / "checkpoint.py"), kind, str(folder), *map(str, size)]
        subprocess.run(command, check=True)
    return str(folder)


def measure(command: Sequence[str]) -> Measured:
    """One run of a command, its output thrown away. Raises SystemExit if it fails."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)[:300]}\nfailed:\n{said.read().decode()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kilobytes elsewhere
    return Measured(seconds, usage.ru_maxrss * scale / 1e6)


def median(runs: Sequence[Measured]) -> Measured:
    return Measured(statistics.median(r.seconds for r in runs), statistics.median(r.megabytes for r in runs))


def hold(contest: Contest, runs: int) -> tuple[str, bool]:
    """One row of the report, and whether the targets are met. The two sides take turns; the first turn, which
    fills the disk cache, does not count."""
    ours, peer = [], []
    for _ in range((contest.runs or runs) + 1):
        ours.append(measure(contest.ours))
        peer.append(measure(contest.peer))
    we, they = median(ours[1:]), median(peer[1:])
    faster, smaller = they.seconds / we.seconds, they.megabytes / we.megabytes
    wanted = [f"≥ {contest.faster:.0f}× faster"] if contest.faster >= 1 else []
    wanted += [f"≤ {1 / contest.faster:.0f}× the time"] if 0 < contest.faster < 1 else []
    wanted += [f"≤ 1/{contest.smaller:.0f} memory"] if contest.smaller else []
    met = faster >= contest.faster and smaller >= contest.smaller
    verdict = "none set" if not wanted else ", ".join(wanted) + (": met" if met else ": missed")
    ratio = f"{faster:.1f}× faster" if faster >= 1 else f"{1 / faster:.1f}× the time"
    cells = (contest.title, f"{we.seconds:.3f} s, {we.megabytes:.0f} MB", contest.peer_name,
             f"{they.seconds:.3f} s, {they.megabytes:.0f} MB", ratio, f"1/{smaller:.1f}", verdict)  # fmt: skip
    return "| " + " | ".join(cells) + " |", met


@click.command()
@click.option("--peer-python", default=sys.executable, help="An interpreter with torch and transformers.")
@click.option("--runs", default=5, show_default=True, help="Runs of each side that count.")
@click.option("--work", type=click.Path(path_type=Path), default=HERE / "work", help="Where checkpoints are made.")
@click.option("--only", default="", metavar="TEXT", help="Only the contests whose title has this in it.")
def main(peer_python: str, runs: int, work: Path, only: str) -> None:
    """Runs every contest and prints a Markdown table; exit status 1 where a target is missed."""
    print(f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| question | attn | peer | its figures | time | memory | target |\n|---|---|---|---|---|---|---|")
    results = []
    for contest in contests(work, peer_python):
        if only in contest.title:
            line, met = hold(contest, runs)
            print(line, flush=True)
            results.append(met)
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
