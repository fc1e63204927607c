"""One file a format of maps. Each offers `writer(head, output, options, sort)`: it is asked how far the maps of a
section are to be pooled, and given them all when they are made."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import IO, Protocol

from attncli.insights.maps import Section
from attncli.render.page.formats import Format
from attncli.render.page.page import Options
from attncli.tracing.trace import Trace

FORMATS = {
    "text": Format("attncli.render.map_text", (".txt",), "words"),
    "svg": Format("attncli.render.map_svg", (".svg",), "picture"),
    "html": Format("attncli.render.map_html", (".html", ".htm"), "words"),
    "png": Format("attncli.render.map_png", (".png",), "picture", binary=True),
    "json": Format("attncli.render.map_json", (".json",), "data"),
}


class MapWriter(Protocol):
    """`fitted` pools the sides of a section, whose maps have no values yet, to what there is room for."""

    def fitted(self, section: Section) -> Section: ...

    def write(self, sections: Sequence[Section]) -> None: ...


def writer(name: str, head: Trace, output: IO[bytes], options: Options, sort: str) -> MapWriter:
    """The writer of a format."""
    made: MapWriter = import_module(FORMATS[name].module).writer(head, output, options, sort)
    return made


def format_of(file_name: str) -> str | None:
    """The format that a file's ending means, if any."""
    return next((name for name, f in FORMATS.items() if file_name.lower().endswith(f.suffixes)), None)
