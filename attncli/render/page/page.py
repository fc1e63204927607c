"""A page, its sections, and the data that each section has for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from numpy.typing import NDArray

from attncli.language import ENGLISH, Say
from attncli.render.page.picture_style import PLAIN, PictureStyle

if TYPE_CHECKING:
    from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
    from attncli.render.page.figures import BarChart, Items, Plot, Table
    from attncli.render.page.maps import HeadMaps

Block: TypeAlias = (
    "Subject | Heading | Formula | TokenLine | Matrix | Table | Items | BarChart | Plot | HeadMaps | Prose "
    "| Markdown | Note"
)
Record = Mapping[str, Any]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Options:
    """How a page is shown: digits after the point, everything or what fits, how wide (None: as wide as the
    terminal), in which language, and how pictures look. `exact`: someone asked for this number of digits, and a
    medium shows no fewer where there is little room. `ascii`: a terminal that lacks other characters."""

    precision: int = 4
    exact: bool = False
    ascii: bool = False
    full: bool = False
    width: int | None = None
    say: Say = ENGLISH
    picture: PictureStyle = PLAIN


class Data(Protocol):
    """What a section has for programs."""

    def objects(self) -> Iterable[Record]:
        """JSON objects, numbers and all; what is not finite becomes null."""

    def rows(self) -> Iterable[Record]:
        """Rows of CSV, each cell by its column."""

    def arrays(self) -> Arrays:
        """Named arrays."""

    def facts(self) -> Iterable[Record]:
        """The objects without the numbers that `arrays` has."""


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page: blocks for people, data for programs. Blocks are built when a medium asks for them."""

    blocks: Callable[[], Iterable[Block]]
    data: Data | None = None


@dataclass(frozen=True, eq=False)
class Page:
    """A page. `head` is the JSON document without its items; `items` the field that lists the data of the
    sections, empty where the head is the whole document. `columns` are those of CSV, empty: those of the first
    row. `opening` are the blocks above the sections. `beside_arrays` is what a file of arrays says besides the
    head.

    Sections may be given one by one as they are computed (`Writer.section`), or be here at once.
    """

    title: str
    head: Record
    items: str = ""
    columns: Sequence[str] = ()
    opening: Callable[[], Iterable[Block]] = tuple
    beside_arrays: Record = field(default_factory=dict)
    sections: Iterable[Section] = field(default=())
