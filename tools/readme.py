"""Keeps README.md and samples/README.md up to date: runs their `console` commands, and their `python` programs
that have a `text` block below, and inserts the output; and lists the families that attn knows.

python tools/readme.py          rewrites the files python tools/readme.py --check  exit status 1 if they would
change
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from statistics import mode
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n\$ (.+)\n(?:.*\n)*?```")
PROGRAM = re.compile(r"```python\n((?:.*\n)*?)```\n\n```text\n(?:.*\n)*?```")
LIST = re.compile(r"(?<=<!-- families -->\n).*?(?=<!-- end -->)", re.DOTALL)
KINDS = ("decoders", "encoders", "encoder-decoders")
WIDTH = 112
FILES = ("README.md", "samples/README.md")


def refreshed(text: str) -> str:
    """The text with the current output in every block and the current families in the list.

    Commands and programs run in order, in a copy of the root folder, so that one may read what an earlier one
    wrote."""
    text = LIST.sub(lambda m: family_list(families()), text)
    with TemporaryDirectory() as folder:
        for path in ROOT.iterdir():
            (Path(folder) / path.name).symlink_to(path)

        def run(block: re.Match[str]) -> str:
            if program := PROGRAM.fullmatch(block[0]):
                printed = output_of(f"{shlex.quote(sys.executable)} -c {shlex.quote(program[1])}", folder)
                return f"```python\n{program[1]}```\n\n```text\n{printed}```"
            command = BLOCK.fullmatch(block[0])[1]
            return f"```console\n$ {command}\n{output_of(command, folder)}```"

        return re.sub(f"{BLOCK.pattern}|{PROGRAM.pattern}", run, text)


def families() -> dict[str, list[str]]:
    """The families by kind; the kind of a family is that of most of its models in tests/golden.

    Exits with an error where a family has no model there."""
    from attncli import describe
    from attncli.family import FAMILIES

    models: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for file in sorted(ROOT.glob("tests/golden/*/config.json")):
        spec = describe(file.parent).spec
        if spec is not None:
            models[spec.family].append("encoder-decoders" if spec.encoder else KINDS[not spec.causal])
    if missing := [family for family, kinds in models.items() if not kinds]:
        raise SystemExit(f"tests/golden has no model of the family {missing[0]}")
    return {kind: [family for family, kinds in models.items() if mode(kinds) == kind] for kind in KINDS}


def family_list(kinds: dict[str, list[str]]) -> str:
    """The families as a Markdown list, after a line with their number."""
    lines = [f"{sum(map(len, kinds.values()))} families, by the `model_type` of their `config.json`:\n"]
    for kind, names in kinds.items():
        line = f"- {kind}: {', '.join(f'`{name}`' for name in names)}"
        lines.append(textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join(lines) + "\n"


def same(before: str, after: str) -> bool:
    """Whether two texts agree up to the last digits of numbers, which differ between processors."""
    number = re.compile(r"-?\d+\.\d+")
    if number.sub("#", before) != number.sub("#", after):
        return False
    pairs = zip(number.findall(before), number.findall(after), strict=True)
    return all(abs(float(a) - float(b)) <= 2e-4 for a, b in pairs)


def output_of(command: str, folder: str) -> str:
    """What a shell command prints. Exits with an error if the command fails or writes to standard error."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"COLUMNS": "96", "LANGUAGE": "en", "PATH": path, "NO_COLOR": "1"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode or done.stderr:
        raise SystemExit(f"{command}\nfailed: {done.stderr}")
    return re.sub(r" +$", "", done.stdout, flags=re.MULTILINE)


def main() -> None:
    for name in FILES:
        before = (ROOT / name).read_text("utf-8")
        after = refreshed(before)
        if not same(before, after):
            if "--check" in sys.argv[1:]:
                sys.exit(1)
            (ROOT / name).write_text(after, "utf-8")


if __name__ == "__main__":
    main()
