"""The families of models that attn knows, with their traits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attncli.language import N_, in_turn, listed
from attncli.model.family_traits import FamilyTraits
from attncli.render.page.blocks import Note
from attncli.render.page.figures import Column, Table
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.records import Records
from attncli.version import __version__

NOTE = N_(
    "Traits of each family's default config.json. A checkpoint may have others, such as grouped heads, scaled "
    "positions, windows, experts or biases: see attn model PATH."
)
WIDE = 132
"""From this width on, there is a column for each trait."""
TRAITS = (N_("norm"), N_("positions"), N_("attention"), N_("feed-forward"))
BLOCKS = {"pre_norm": N_("before"), "post_norm": N_("after"), "parallel": N_("parallel")}


def page(families: Sequence[FamilyTraits], options: Options, width: int | None = None) -> Page:
    """A row for each family. `width`: characters in a line, None where there is room for all."""
    return Page(
        title="attn families",
        head={"schema": "attn.families/1", "version": __version__},
        items="families",
        sections=[Section(lambda: _blocks(families, width), Records([_record(family) for family in families]))],
    )


def _blocks(families: Sequence[FamilyTraits], width: int | None) -> Iterator[Block]:
    wide = width is None or width >= WIDE
    rows = [_row(family, wide) for family in families]
    names, *traits = rows[0]
    columns = [Column(N_(names), [row[names] for row in rows], "label")]
    yield Table([*columns, *(Column(N_(trait), [row[trait] for row in rows], "words") for trait in traits)])
    yield Note(NOTE)


def _record(family: FamilyTraits) -> dict[str, Any]:
    """A family as in attncli/schemas/families-1.json."""
    traits = family.traits
    return {
        "family": family.family,
        "norm": traits and traits.of("norm"),
        "block": traits and traits.of("block"),
        "positions": traits and traits.positions,
        "mask": traits and traits.of("mask"),
        "heads": traits and traits.of("grouping"),
        "feed_forward": traits and traits.of("feed_forward"),
        "special": list(traits.everything_special) if traits else [],
        "config": list(family.fields),
        "refusal": family.refusal or None,
    }


def _row(family: FamilyTraits, wide: bool) -> dict[str, str]:
    """A family for people: a column for each trait where there is room, or one for all of them."""
    traits = family.traits
    if traits is None:
        cells = dict.fromkeys(TRAITS, "") | {"special": N_("no default: {reason}", reason=family.refusal)}
    else:
        cells = {
            "norm": listed(traits.of("norm"), BLOCKS.get(traits.of("block"), traits.of("block"))),
            "positions": traits.positions,
            "attention": listed(traits.of("mask"), traits.of("grouping")),
            "feed-forward": traits.of("feed_forward"),
            "special": listed(*traits.everything_special),
        }
    if wide:
        return {"family": family.family} | cells
    all_traits = in_turn(*(cells[trait] for trait in TRAITS if cells[trait]))
    return {"family": family.family, "traits": all_traits, "special": cells["special"]}
