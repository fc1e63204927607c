"""Runs the `console` commands of the README and of samples/README.md, and the `python` programs that have a `text`
block below them, and puts their output there; and lists the families that `attn` knows: nothing can go stale.

python tools/readme.py          writes the files anew
python tools/readme.py --check  exit status 1 if they would change
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
    """The text with every block holding what its command or program prints now, and every family in its list.

    They run in the order in which they stand, in a copy of the root, so that one may read what another wrote."""
    text = LIST.sub(lambda m: listed(families()), text)
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
    """Every family by what it is, as most of its models in tests/golden are. One that has none is an error."""
    from attncli import describe
    from attncli.family import FAMILIES

    models: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for file in sorted(ROOT.glob("tests/golden/*/config.json")):
        spec = describe(file.parent).spec
        if spec is not None:
            models[spec.family].append("encoder-decoders" if spec.encoder else KINDS[not spec.causal])
    if missing := [family for family, kinds in models.items() if not kinds]:
        raise SystemExit(f"no model in tests/golden is of the family {missing[0]}")
    return {kind: [family for family, kinds in models.items() if mode(kinds) == kind] for kind in KINDS}


def listed(kinds: dict[str, list[str]]) -> str:
    """The families as a Markdown list, and how many there are."""
    lines = [f"{sum(map(len, kinds.values()))} families, by the `model_type` of their `config.json`:\n"]
    for kind, names in kinds.items():
        line = f"- {kind}: {', '.join(f'`{name}`' for name in names)}"
        lines.append(textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join(lines) + "\n"


def same(one: str, other: str) -> bool:
    """Whether two texts are alike but for the last digits of numbers, which differ between processors."""
    number = re.compile(r"-?\d+\.\d+")
    if number.sub("#", one) != number.sub("#", other):
        return False
    pairs = zip(number.findall(one), number.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= 2e-4 for a, b in pairs)


def output_of(command: str, folder: str) -> str:
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
