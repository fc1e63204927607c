"""Where bash, zsh and fish look for the completion of a command, and the script for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Installation:
    """A script, and for shells that look in no folder of the user, the line that loads it in their settings."""

    script: Path
    settings: Path | None = None
    line: str = ""


def installation(shell: str, home: Path, environment: Mapping[str, str]) -> Installation:
    """The files that make a shell complete the command."""

    def folder(variable: str, default: Path) -> Path:
        return Path(environment.get(variable) or default)

    if shell == "fish":
        return Installation(folder("XDG_CONFIG_HOME", home / ".config") / "fish" / "completions" / "attn.fish")
    script = folder("XDG_DATA_HOME", home / ".local" / "share") / "attn" / f"completion.{shell}"
    settings = folder("ZDOTDIR", home) / ".zshrc" if shell == "zsh" else home / ".bashrc"
    return Installation(script, settings, f"[ -r {quote(str(script))} ] && . {quote(str(script))}")


def completion_script(shell: str) -> str:
    """The script that makes a shell ask attn for completions."""
    from click import Group
    from click.shell_completion import get_completion_class

    from attncli.cli.shell import VARIABLE

    found = get_completion_class(shell)
    assert found is not None
    script = found(Group("attn"), {}, "attn", VARIABLE).source()
    # zsh completes nothing before compinit has run, and a new user's settings do not run it
    start = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }\n" if shell == "zsh" else ""
    return start + script


def install(shell: str, files: Installation) -> bool:
    """Writes the files; whether anything changed. Raises AttnError where a file cannot be written."""
    from attncli.files import read_bytes, write_whole

    script = completion_script(shell).encode()
    changed = not files.script.is_file() or read_bytes(files.script) != script
    if changed:
        _make_folder(files.script.parent)
        with write_whole(files.script) as file:
            file.write(script)
    if files.settings is None:
        return changed
    settings = read_bytes(files.settings) if files.settings.exists() else b""
    if files.line.encode() in settings:
        return changed
    _make_folder(files.settings.parent)
    with write_whole(files.settings) as file:
        file.write(
            settings + (b"" if settings.endswith(b"\n") or not settings else b"\n") + files.line.encode() + b"\n"
        )
    return True


def _make_folder(folder: Path) -> None:
    from attncli.errors import AttnError
    from attncli.language import N_

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AttnError(
            N_("cannot make the folder {folder}: {reason}", folder=folder, reason=error.strerror or error)
        ) from error
