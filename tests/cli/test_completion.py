"""Completion: what a shell offers when Tab is pressed, and its installation, in the shells that are here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attncli.cli.shell_files import SHELLS, completion_script
from tests.conftest import Run, error_of, text_of

BASH = """
. {script}
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); _attn_completion attn
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -Uz compinit; compinit -u -d {folder}/dump; . {script}
compadd() {{ print -l -- ${{(P)@[-1]}} }}; _describe() {{ print -l -- ${{(P)3}} }}
words=({words}); CURRENT=$#words; _attn_completion
"""
FISH = 'source {script}; complete -C "{line}"'


def installed(shell: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    return shell


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and `attn` on the path."""
    command = tmp_path / "bin" / "attn"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m attncli "$@"\n')
    command.chmod(0o755)
    (tmp_path / "home").mkdir()
    root = Path(__file__).parent.parent.parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_", "ZDOTDIR"))}
    return kept | {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{root}:{os.environ.get('PYTHONPATH', '')}",
        "TERM": "dumb",
    }


def offered(attn: Run, *words: str, **environment: str) -> list[str]:
    """What bash is offered for the last word."""
    line = {"COMP_WORDS": " ".join(["attn", *words]), "COMP_CWORD": str(len(words))}
    done = attn(_ATTN_COMPLETE="bash_complete", **line, **environment)
    assert done.stderr == b""
    return [item.partition(",")[2] for item in done.stdout.decode().split()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ex"], ["explain"]),
        (["explain", "--form"], ["--format"]),
        (["explain", "--format", "nd"], ["ndjson"]),
        (["explain", "--stage", "wei"], ["weights_with_sink", "weights"]),
        (["explain", "--stage", "attn.we"], ["attn.weights_with_sink", "attn.weights"]),
        (["explain", "--layer", "0,"], ["0,0", "0,1", "0,2", "0,3"]),
        (["map", "--head", "1."], ["1.0", "1.1", "1.2", "1.3"]),
        (["map", "--head", "0.1,3."], ["0.1,3.0", "0.1,3.1", "0.1,3.2", "0.1,3.3"]),
        (["explain", "-m", "st"], ["story"]),
        (["model", "st"], ["story"]),
        (["families", "gpt_neo"], ["gpt_neo", "gpt_neox"]),
        (["schema", "w"], ["worked"]),
        (["help", "to"], ["tokens"]),
        (["completion", "z"], ["zsh"]),
        (["--lang", "j"], ["ja"]),
        (["pe", "--positions", "r"], ["rotary"]),
        (["explain", "--tokenizer", "w"], ["words"]),
    ],
)
def test_what_is_typed_is_completed(attn: Run, words: list[str], expected: list[str]) -> None:
    assert offered(attn, *words) == expected


def test_models_in_the_cache_of_the_hub_are_offered_with_their_heads(attn: Run, tmp_path: Path) -> None:
    snapshots = tmp_path / "hub" / "models--org--llama" / "snapshots"
    golden = Path(__file__).parent.parent / "golden" / "llama-grouped"
    shutil.copytree(golden, snapshots / "0a1b2c")
    here = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    assert offered(attn, "explain", "-m", "or", **here) == ["org/llama"]
    heads = offered(attn, "explain", "-m", "org/llama", "--head", "0.", **here)
    assert heads == ["0.0", "0.1", "0.2"]
    assert offered(attn, "explain", "-m", "org/other", "--head", "0.", **here) == []


@pytest.mark.parametrize("words", ["nonsense ", "explain -m ./no --head ", "explain --nope "])
def test_nothing_to_offer_is_no_error(attn: Run, words: str) -> None:
    offered(attn, *words.split(" "))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_by_the_script(shell: str, tmp_path: Path, environment: dict[str, str]) -> None:
    script = tmp_path / "script"
    script.write_text(completion_script(shell))
    program = {
        "bash": BASH.format(script=script, words="attn expl"),
        "zsh": ZSH.format(script=script, words="attn expl", folder=tmp_path),
        "fish": FISH.format(script=script, line="attn expl"),
    }[shell]
    done = subprocess.run([installed(shell), "-c", program], env=environment, capture_output=True, text=True)
    assert [line.split("\t")[0].split(":")[0] for line in done.stdout.split("\n") if line] == ["explain"], (
        done.stderr
    )


@pytest.mark.parametrize(
    ("shell", "asks"),
    [("bash", "complete -p attn"), ("zsh", "print $_comps[attn]"), ("fish", "complete -C 'attn expl'")],
)
def test_an_installation_is_found_by_the_next_shell_and_can_be_repeated(
    shell: str, asks: str, attn: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    home = tmp_path / "home"
    (home / ".bashrc").write_text("# mine")
    said = text_of(attn("completion", "--install", SHELL=f"/usr/bin/{shell}", HOME=str(home), XDG_CONFIG_HOME="",
                        XDG_DATA_HOME=""))  # fmt: skip
    files = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    written = [file for file in files if file.name != ".bashrc"]
    assert any(str(file) in said for file in written)
    assert files[home / ".bashrc"].startswith(b"# mine")
    again = text_of(attn("completion", shell, "--install", HOME=str(home), XDG_CONFIG_HOME="", XDG_DATA_HOME=""))
    assert "already installed" in again
    assert files == {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    done = subprocess.run([installed(shell), "-ic", asks], env=environment, capture_output=True, text=True)
    assert {"bash": "_attn_completion", "zsh": "_attn_completion", "fish": "explain"}[shell] in done.stdout, (
        done.stderr
    )


def test_an_unknown_shell_is_asked_for(attn: Run) -> None:
    assert "attn completion --install bash" in error_of(attn("completion", "--install", SHELL="/bin/tcsh"), 2)
    assert text_of(attn("completion")).startswith("Usage: attn completion")
