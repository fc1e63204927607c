"""Records the output of the commands for the golden models, the story model and seeded weights, and compares two
records, to show that a change of the code leaves the outputs unchanged.

python tools/outputs.py record FOLDER [--models GLOB]   runs every command and writes each output to a file
python tools/outputs.py compare BEFORE AFTER            lists the outputs that differ; exit status 1 if any does
"""

from __future__ import annotations

import json
import math
import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np

ROOT = Path(__file__).parent.parent
GOLDEN = Path("tests/golden")
WIDTH = 400
"""How many characters of a difference are shown."""
TOLERANCE = 1e-5
"""The largest allowed difference, relative to the largest number of the array: the last bits of float32."""

MODEL_COMMANDS = {
    "explain.json": "explain {input} -m {model} --layer all --head all --stage all",
    "explain.ndjson": "explain {input} -m {model} --layer -1 --stage 'attn.*'",
    "explain.csv": "explain {input} -m {model} --layer 0",
    "explain.npz": "explain {input} -m {model} --layer all --head 0 --stage all",
    "explain.safetensors": "explain {input} -m {model} --stage weights",
    "explain.txt": "explain {input} -m {model}",
    "explain.md": "explain {input} -m {model} --head all --stage weights --stage mixed",
    "query.json": "explain {input} -m {model} --query -1 --layer all --head all",
    "query.txt": "explain {input} -m {model} --query -1",
    "query.md": "explain {input} -m {model} --query -1 --key 0",
    "key.txt": "explain {input} -m {model} --query -1 --key 0",
    "map.json": "map {input} -m {model}",
    "map.txt": "map {input} -m {model}",
    "map.svg": "map {input} -m {model} --layer 0 --head 0",
    "tokens.json": "tokens {ids} -m {model}",
    "tokens.csv": "tokens {ids} -m {model}",
    "model.json": "model {model}",
    "model.csv": "model {model}",
    "model.txt": "model {model}",
}
"""The commands run for each golden model, by their output file; its ending sets the format."""
TEXT = '"The cat sat on the mat, and the cat ran"'
OTHER_COMMANDS = {
    **{f"story-explain.{e}": f"explain {TEXT}" for e in ("txt", "md", "json", "ndjson", "csv", "npz")},
    "story-probs.txt": f"explain {TEXT} --stage probs --stage logits --query -1",
    "story-probs.csv": f"explain {TEXT} --stage probs --top 3",
    "story-all-words.npz": f"explain {TEXT} --stage logits --query 0",
    **{f"story-query.{e}": f"explain {TEXT} --query 3" for e in ("txt", "md", "json")},
    **{f"story-map.{e}": f"map {TEXT}" for e in ("txt", "svg", "html", "json")},
    **{f"story-map-one.{e}": f"map {TEXT} --layer 2 --head 0" for e in ("txt", "svg", "html", "json")},
    "story-map-sorted.json": f"map {TEXT} --sort induction",
    "story-map-scores.json": f"map {TEXT} --stage scores --layer 0 --pool mean",
    **{f"story-tokens.{e}": f"tokens {TEXT}"
       for e in ("txt", "md", "json", "ndjson", "csv", "npz", "safetensors")},
    **{f"story-model.{e}": "model story" for e in ("txt", "md", "json", "csv")},
    **{f"families.{e}": "families" for e in ("txt", "md", "json", "ndjson", "csv")},
    **{f"seeded.{e}": "explain 'the cat sat' --seed 0 --head all" for e in ("txt", "json", "csv", "npz")},
    **{f"seeded-{p}.json": f"explain '猫が座った' --seed 3 --positions {p} --stage all --layer all"
       for p in ("learned", "rotary", "alibi", "none")},
    **{f"pe-{k}.{e}": f"pe --kind {k} --length 6" for k in ("sinusoidal", "rotary", "alibi")
       for e in ("txt", "md", "json", "ndjson", "csv", "npz")},
    **{f"pe-map.{e}": "pe --dim 16 --length 40 --map" for e in ("txt", "svg", "html", "json")},
    **{f"pe-similarity.{e}": "pe --dim 16 --length 20 --similarity" for e in ("txt", "md", "json", "csv", "npz")},
    "pe-similarity-map.json": "pe --dim 16 --length 20 --similarity --map",
    **{f"versus-{o}.{e}": f"versus {TEXT} --only {o}" for o in ("order", "range")
       for e in ("txt", "md", "json", "ndjson", "csv")},
    **{f"layer.{e}": "explain 'the cat sat' -m samples/exercise.npz" for e in ("txt", "json")},
    **{f"layer-model.{e}": "model samples/exercise.npz" for e in ("txt", "json")},
    **{f"schema-{n}.txt": f"schema {n}" for n in
       ("trace", "worked", "map", "tokens", "versus", "pe", "similarity", "model", "families")},
}  # fmt: skip


def jobs(pattern: str) -> Iterator[tuple[str, list[str]]]:
    """The name of every output file, and the arguments of the command that writes it."""
    for folder in sorted(GOLDEN.glob(pattern)):
        if not (folder / "input.json").exists():
            continue
        given = json.loads((folder / "input.json").read_text("utf-8"))
        ids = "--ids " + ",".join(map(str, given["ids"]))
        target = given.get("target_ids")
        all_ids = ids + ("" if target is None else " --target-ids " + ",".join(map(str, target)))
        for name, command in MODEL_COMMANDS.items():
            yield f"{folder.name}/{name}", shlex.split(command.format(input=all_ids, ids=ids, model=folder))
    for name, command in OTHER_COMMANDS.items():
        yield f"others/{name}", shlex.split(command)


def run(job: tuple[str, list[str]], folder: Path) -> str | None:
    """Runs one command in this process. Returns the name of its output if the command failed."""
    from attncli.cli import main

    name, arguments = job
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    output = os.dup(1), os.dup(2)
    try:
        with file.with_suffix(file.suffix + ".err").open("wb") as errors:
            os.dup2(errors.fileno(), 2)
            if arguments[0] == "schema":
                with file.open("wb") as printed:
                    os.dup2(printed.fileno(), 1)
                    main(arguments)
            main([*arguments, "-o", str(file)])
    except SystemExit as done:
        return None if not done.code else name
    except Exception:
        traceback.print_exc()
        return name
    finally:
        sys.stdout.flush()
        for saved, stream in zip(output, (1, 2), strict=True):
            os.dup2(saved, stream)
            os.close(saved)
    return None


@click.group()
def cli() -> None:
    """Record the outputs of the commands, and compare two records."""


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--models", default="*", show_default=True, help="Golden models, as a glob.")
@click.option("--workers", default=2, show_default=True)
def record(folder: Path, models: str, workers: int) -> None:
    """Run every command, and write each output to a file below FOLDER."""
    folder = folder.absolute()
    os.chdir(ROOT)  # outputs contain the paths as given
    os.environ |= {"COLUMNS": "100", "LANGUAGE": "en", "HF_HUB_OFFLINE": "1"}
    with ProcessPoolExecutor(workers) as pool:
        found = list(jobs(models))
        failed = [name for name in pool.map(run, found, [folder] * len(found), chunksize=16) if name]
    click.echo(f"{len(found)} outputs, {len(failed)} commands failed: {' '.join(failed[:20])}")


@cli.command()
@click.argument("before", type=click.Path(exists=True, path_type=Path))
@click.argument("after", type=click.Path(exists=True, path_type=Path))
@click.option("--numbers", is_flag=True, help="Compare JSON, CSV and npz only, and not their texts.")
@click.option("--most", default=40, show_default=True, help="How many differences to list.")
def compare(before: Path, after: Path, numbers: bool, most: int) -> None:
    """List the outputs of AFTER that differ from those of BEFORE."""
    names = [str(f.relative_to(after)) for f in sorted(after.rglob("*")) if f.is_file()]
    names = [name for name in names if not numbers or name.endswith((".json", ".csv", ".npz"))]
    differing = [(name, why) for name in names if (why := difference(before / name, after / name, numbers))]
    for name, why in differing[:most]:
        click.echo(f"{name}: {why}"[:WIDTH])
    click.echo(f"{len(names)} outputs, {len(differing)} differ")
    sys.exit(bool(differing))


def difference(before: Path, after: Path, numbers: bool) -> str | None:
    """How two outputs differ; None if they agree up to the last bits of numbers. `numbers`: texts may differ."""
    if not before.exists():
        return "new"
    a, b = before.read_bytes(), after.read_bytes()
    if a == b:
        return None
    if before.suffix == ".json":
        x, y = (json.loads(text) for text in (a, b))
        return json_difference(*(map(without_texts, (x, y)) if numbers else (x, y)))
    if before.suffix == ".npz":
        with np.load(before) as x, np.load(after) as y:
            if sorted(x.files) != sorted(y.files):
                return f"arrays {sorted(set(x.files) ^ set(y.files))}"
            compared = [n for n in x.files if not (numbers and x[n].dtype.kind == "U")]
            return next((f"{n}: {why}" for n in compared if (why := array_difference(x[n], y[n]))), None)
    if before.suffix in (".ndjson", ".csv", ".txt", ".md", ".svg"):
        x, y = a.decode("utf-8").splitlines(), b.decode("utf-8").splitlines()
        if len(x) != len(y):
            return f"{len(x)} lines, now {len(y)}"
        pairs = [(p, q) for p, q in zip(x, y, strict=True) if p != q and not close(p, q)]
        if numbers:  # the last cell of a CSV line is its number, or a text
            pairs = [pair for pair in pairs if any(is_number(line.rpartition(",")[2]) for line in pair)]
        return next((f"{p!r}, now {q!r}" for p, q in pairs), None)
    return "differs"


def without_texts(value: Any) -> Any:
    """A JSON value with every text empty."""
    if isinstance(value, dict):
        return {name: without_texts(field) for name, field in value.items()}
    if isinstance(value, list):
        return [without_texts(item) for item in value]
    return "" if isinstance(value, str) else value


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def close(before: str, after: str) -> bool:
    """Whether two lines agree, numbers up to a small difference."""
    p, q = (line.replace(",", " ").replace(":", " ").split() for line in (before, after))
    return len(p) == len(q) and all(a == b or _near(a, b) for a, b in zip(p, q, strict=True))


def _near(a: str, b: str) -> bool:
    try:
        return math.isclose(float(a.strip('[]"}')), float(b.strip('[]"}')), rel_tol=1e-4, abs_tol=1.1e-4)
    except ValueError:
        return False


def array_difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> str | None:
    """How two arrays differ; None if their numbers agree up to TOLERANCE."""
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return f"{a.dtype} {a.shape}, now {b.dtype} {b.shape}"
    if a.dtype.kind != "f":
        return None if np.array_equal(a, b) else "different values"
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(b[finite]).all():
        return "different numbers that are not finite"
    scale = float(np.abs(a[finite]).max(initial=1e-30))
    distance = float(np.abs(a[finite] - b[finite]).max(initial=0)) / scale
    return None if distance <= TOLERANCE else f"differ by {distance:.2g} of the largest number"


def json_difference(a: Any, b: Any, path: str = "") -> str | None:
    """Where and how two JSON values differ; None if they agree."""
    if isinstance(a, dict) and isinstance(b, dict):
        if list(a) != list(b):
            return f"{path}: fields {list(a)}, now {list(b)}"
        return next((why for k in a if (why := json_difference(a[k], b[k], f"{path}.{k}"))), None)
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{path}: {len(a)} items, now {len(b)}"
        try:
            x, y = (np.array(n[0], float) for n in ([a], [b]))
        except (ValueError, TypeError):
            pairs = enumerate(zip(a, b, strict=True))
            return next((why for i, (p, q) in pairs if (why := json_difference(p, q, f"{path}[{i}]"))), None)
        return why if (why := array_difference(x, y)) is None else f"{path}: {why}"
    if isinstance(a, float) and isinstance(b, float):
        return None if math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) else f"{path}: {a}, now {b}"
    return None if a == b else f"{path}: {a!r}, now {b!r}"


if __name__ == "__main__":
    cli()
