"""Runs the `console` commands of the README and puts their output under them, so that it cannot go stale.

python tools/readme.py          writes README.md anew
python tools/readme.py --check  exit status 1 if it would change
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n\$ (.+)\n(?:.*\n)*?```")


def refreshed(text: str) -> str:
    """The README with every console block holding what its command prints now."""
    return BLOCK.sub(lambda m: f"```console\n$ {m[1]}\n{output_of(m[1])}```", text)


def same(one: str, other: str) -> bool:
    """Whether two texts are alike but for the last digits of numbers, which differ between processors."""
    number = re.compile(r"-?\d+\.\d+")
    if number.sub("#", one) != number.sub("#", other):
        return False
    pairs = zip(number.findall(one), number.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= 2e-4 for a, b in pairs)


def output_of(command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"COLUMNS": "96", "PATH": path, "NO_COLOR": "1"}
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode or done.stderr:
        raise SystemExit(f"{command}\nfailed: {done.stderr}")
    return re.sub(r" +$", "", done.stdout, flags=re.MULTILINE)


def main() -> None:
    readme = ROOT / "README.md"
    before = readme.read_text("utf-8")
    after = refreshed(before)
    if "--check" in sys.argv[1:]:
        sys.exit(not same(before, after))
    if not same(before, after):
        readme.write_text(after, "utf-8")


if __name__ == "__main__":
    main()
