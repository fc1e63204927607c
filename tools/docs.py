"""Keeps the pages up to date (README.md, samples/README.md and those of docs/): runs every command and program
that they show, inserts the output, draws their pictures, and writes the parts that are generated from the code.

python tools/docs.py [PAGE ...]          rewrites the pages and pictures that are not up to date, and lists them
python tools/docs.py --check [PAGE ...]  lists them only; exit status 1 if there are any

A command that does not do what its page says is shown, with exit status 1, and its page stays as it is.

What a page may hold, each fenced block on a line of its own:

console     commands after `$ `, each with what it prints, errors included
sh          commands that must succeed and whose output is not shown; a comment `# NAME does not come with attn`
            (`# NAME, NAME and NAME do not ...`) says that a command must fail for want of that model alone
python      a program; a `text` block after it holds what it prints, and without one it prints nothing
pycon       the examples of the code's own documentation, which tests/api runs
text        after anything else: no command, and not checked

A part between `<!-- NAME -->` and `<!-- end -->` comes from the function NAME of tools/reference.py. Commands run
in the order of the page, in a copy of the root folder, so that one may read what an earlier one wrote; a picture
that they write into docs/pictures is the page's.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import reference  # noqa: E402

from tests.support.running import ForkServer  # noqa: E402

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
"""A fenced block, and the `text` block right after it."""
GENERATED = re.compile(r"^(<!-- (?!end )(\w+) -->\n).*?(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL)
ABSENT = re.compile(r"^# (.+) do(?:es)? not come with attn$", re.MULTILINE)
SETTING_UP = ("pip ", "python3 -m venv ", "source ", ".venv/bin/", "mkdocs ")
"""How commands begin that prepare a machine. None runs here: .ci/run does that."""
WIDTH = 96
WORKERS = os.cpu_count() or 1
COPIED = ("samples", "docs")
"""Folders that commands may write into."""


class Failed(Exception):
    """A command of a page that does not do what the page says."""


@dataclass(frozen=True)
class Printed:
    """What a command did: its exit status, and what a terminal would show."""

    status: int
    text: str


@dataclass(frozen=True)
class Place:
    """Where the commands of a page run: a folder, and a process that becomes `attn` quickly, if there is one."""

    folder: Path
    server: ForkServer | None

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        elsewhere = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        return elsewhere | {
            "COLUMNS": str(WIDTH), "LANGUAGE": "en", "NO_COLOR": "1", "PATH": path, "PYTHONPATH": str(ROOT),
            "HF_HUB_OFFLINE": "1", "HF_HOME": str(self.folder / ".hub"),
        }  # fmt: skip

    def run(self, command: str) -> Printed:
        """Runs a command as bash does."""
        if self.server is not None and command.startswith("attn ") and not re.search(r"[|<>;&$`*\\]", command):
            arguments = shlex.split(command, comments=True)[1:]
            done = self.server.run(arguments, self.folder, b"", self.environment)
            return Printed(done.returncode, tidy((done.stdout + done.stderr).decode()))
        return self.start(["bash", "-o", "pipefail", "-c", command])

    def start(self, arguments: list[str]) -> Printed:
        done = subprocess.run(
            arguments, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return Printed(done.returncode, tidy(done.stdout.decode()))


def tidy(printed: str) -> str:
    """Without spaces at the ends of lines."""
    return re.sub(r" +$", "", printed, flags=re.MULTILINE)


@contextmanager
def place(server: ForkServer | None) -> Iterator[Place]:
    """A copy of the root folder, for a while."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in ROOT.iterdir():
            if path.name in COPIED:
                shutil.copytree(path, folder / path.name)
            elif not path.name.startswith("."):
                (folder / path.name).symlink_to(path)
        yield Place(folder, server)


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "samples/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def refreshed(text: str, server: ForkServer | None = None) -> tuple[str, dict[str, str]]:
    """The page with all that it shows as it is now, and the pictures that its commands wrote, by their path.

    Raises Failed for a command that does not do what the page says, and for a block that is not known."""
    text = GENERATED.sub(lambda found: f"{found[1]}{getattr(reference, found[2])()}", text)
    with place(server) as here:
        text = BLOCK.sub(lambda block: as_it_is(block, here), text)
        drawn = {
            str(path.relative_to(here.folder)): path for path in (here.folder / "docs/pictures").glob("*.svg")
        }
        return text, {name: path.read_text("utf-8") for name, path in drawn.items()}


def as_it_is(block: re.Match[str], here: Place) -> str:
    """A block as it is now, with the `text` block after it."""
    language, inside, shown = block.groups()
    if language == "python":
        printed = succeeding(inside, here.start([sys.executable, "-c", inside]))
        if printed and shown is None:
            raise Failed(f"{inside}\nprints something that the page does not show")
        return block[0] if shown is None else f"```python\n{inside}```\n\n```text\n{printed}```"
    after = "" if shown is None else f"\n\n```text\n{shown}```"
    if language == "console":
        return f"```console\n{''.join(conversation(inside, here))}```{after}"
    if language == "sh":
        check_commands(inside, here)
    elif language not in ("text", "pycon"):
        raise Failed(f"a block of {language}, which tools/docs.py does not know:\n{inside}")
    return block[0]


def conversation(inside: str, here: Place) -> Iterator[str]:
    """The commands of a `console` block, each with what it prints now."""
    for shown in re.findall(r"^\$ ((?:.*\\\n)*.*\n)", inside, re.MULTILINE):
        yield f"$ {shown}{succeeding(shown, here.run(shown.strip()))}"


def check_commands(inside: str, here: Place) -> None:
    """Runs the commands of an `sh` block. Those that name an absent model must fail because of it: all else in
    them is right."""
    absent = [name for names in ABSENT.findall(inside) for name in re.split(", | and ", names)]
    for command in commands(inside):
        if command.startswith(SETTING_UP):
            check_extras(command)
            continue
        wanting = [name for name in absent if name in words_of(command)]
        done = here.run(command)
        if not wanting:
            succeeding(command, done)
        elif not done.status or not any(name in done.text.partition("\n")[0] for name in wanting):
            raise Failed(f"{command}\nshould fail for want of {wanting[0]}, but: {done.text}")


def commands(inside: str) -> list[str]:
    """The commands of an `sh` block, without empty lines and lines of comments."""
    lines = re.findall(r"^((?:.*\\\n)*.*)\n", inside, re.MULTILINE)
    return [line for line in lines if line.strip() and not line.startswith("#")]


def words_of(command: str) -> list[str]:
    return shlex.split(command, comments=True)


def check_extras(command: str) -> None:
    """The extras that a command installs exist."""
    import tomllib

    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for extras in re.findall(r"\.\[([\w,]+)\]", command):
        if missing := set(extras.split(",")) - set(known):
            raise Failed(f"{command}\nnames extras that pyproject.toml lacks: {missing}")


def succeeding(command: str, done: Printed) -> str:
    """What a command printed that must succeed."""
    if done.status:
        raise Failed(f"{command}\nexit status {done.status}: {done.text}")
    return done.text


def same(before: str, after: str) -> bool:
    """Whether two texts agree up to the last digits of numbers and shades of colours, which differ between
    processors."""
    number, colour = re.compile(r"-?\d+\.\d+"), re.compile(r"#[0-9a-f]{6}\b")
    before, after = colour.sub("#", before), colour.sub("#", after)
    if number.sub("#", before) != number.sub("#", after):
        return False
    pairs = zip(number.findall(before), number.findall(after), strict=True)
    return all(abs(float(a) - float(b)) <= 2e-4 for a, b in pairs)


def outdated(page: Path, server: ForkServer | None = None) -> dict[Path, str]:
    """The page and its pictures, where they are not up to date, as they are now."""
    text, pictures = refreshed(page.read_text("utf-8"), server)
    now = {page: text, **{ROOT / name: drawn for name, drawn in pictures.items()}}
    return {path: new for path, new in now.items() if not path.exists() or not same(path.read_text("utf-8"), new)}


def all_outdated(pages: Sequence[Path]) -> list[dict[Path, str] | Exception]:
    """`outdated` for each page, or why it cannot be told. All share a process to fork from."""
    server = ForkServer.start() if hasattr(os, "fork") else None
    results: list[dict[Path, str] | Exception] = []
    for page in pages:
        try:
            results.append(outdated(page, server))
        except Exception as failure:  # the other pages are brought up to date in any case
            results.append(failure)
    if server is not None:
        server.stop()
    return results


def main() -> None:
    checking = "--check" in sys.argv[1:]
    chosen = [Path(name).resolve() for name in sys.argv[1:] if name != "--check"] or pages()
    shares = [share for i in range(WORKERS) if (share := chosen[i::WORKERS])]
    with ProcessPoolExecutor(WORKERS) as workers:
        found = zip(shares, workers.map(all_outdated, shares), strict=True)
        results = {page: result for share, answers in found for page, result in zip(share, answers, strict=True)}
    for page, result in results.items():
        if isinstance(result, Exception):
            print(f"{page.relative_to(ROOT)}: {result if isinstance(result, Failed) else repr(result)}")
            continue
        for path, new in result.items():
            print(path.relative_to(ROOT))
            if not checking:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(new, "utf-8")
    if any(isinstance(result, Exception) or (result and checking) for result in results.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
