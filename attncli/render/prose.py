"""Running text in Markdown, of attn's own: rendered for people, as it is for `md`."""

from __future__ import annotations

from typing import IO

from attncli.render import Options


def write_prose(name: str, text: str, output: IO[bytes], options: Options) -> None:
    """Writes Markdown below what was written before. `name`: table, or md to leave it as it is."""
    if name == "md":
        output.write(f"\n{text}".encode())
        return
    from rich.markdown import Markdown

    from attncli.render.console import console_for, finish

    console = console_for(output, options)
    console.print()
    console.print(Markdown(_told(text), hyperlinks=False))
    finish(console)


def _told(text: str) -> str:
    """Without comments and pictures, which a terminal does not show."""
    import re

    return re.sub(r"<!--.*?-->\n?|!\[[^\]]*\]\([^)]*\)\n*", "", text)
