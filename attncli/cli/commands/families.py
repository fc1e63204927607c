"""`attn families`: which models attn knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from attncli.cli.options import output_options
from attncli.cli.requests import typed_options
from attncli.model.request import Output
from attncli.text.language import N_, joined

if TYPE_CHECKING:
    from attncli.model.family_traits import FamilyTraits


NOTE = N_(
    "By each family's default config.json. A checkpoint's own may group its heads, scale its positions, turn on "
    "windows, experts or biases: attn model PATH."
)

WIDE = 132
"""Columns of a terminal that has room for a column for each trait."""
TRAITS = (N_("norm"), N_("positions"), N_("attention"), N_("feed-forward"))
BLOCKS = {"pre_norm": N_("before"), "post_norm": N_("after"), "parallel": N_("parallel")}


@click.command(
    "families",
    epilog="\b\nExamples:\n"
    "  attn families\n"
    "  attn families llama gpt2\n"
    "  attn families --json | jq -r '.families[] | select(.positions == \"rotary\") | .family'\n"
    "  attn families llama --json | jq '.families[].config'",
)
@click.argument("names", metavar="[FAMILY]...", nargs=-1)
@output_options()
@typed_options
def command(names: tuple[str, ...], output: Output) -> None:
    """List the families of models that attn knows, with their traits.

    The traits are those of each family's default config.json. A checkpoint may turn on others (a window, experts,
    biases, keys shared by heads); `attn model` shows those. JSON and CSV also name the fields of config.json that
    attn reads for the family.
    """
    from attncli.cli.output import chosen_format, no_arrays, opened, render_options
    from attncli.model.family_traits import families
    from attncli.render.console import console_for
    from attncli.render.records import write_records
    from attncli.render.words import write_words
    from attncli.version import __version__

    format_ = no_arrays(chosen_format(output), "a list of families")
    found, options = families(names), render_options(output)
    head = {"schema": "attn.families/1", "version": __version__}
    with opened(output.path) as stream:
        if format_ in ("table", "md"):
            wide = format_ == "md" or console_for(stream, options).width >= WIDE
            write_words(format_, [_row(family, wide) for family in found], stream, options, note=NOTE)
        else:
            records = [_record(family, format_) for family in found]
            write_records(format_, head, "families", records, stream, options)


def _record(family: FamilyTraits, format_: str) -> dict[str, Any]:
    """A family as in attncli/schemas/families-1.json; in CSV its lists are one text."""
    traits = family.traits
    record: dict[str, Any] = {
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
    return {k: "; ".join(v) if isinstance(v, list) and format_ == "csv" else v for k, v in record.items()}


def _row(family: FamilyTraits, wide: bool) -> dict[str, str]:
    """A family for people: a column for each trait where there is room, or else one for all of them."""
    traits = family.traits
    if traits is None:
        said = dict.fromkeys(TRAITS, "") | {"special": N_("no default: {reason}", reason=family.refusal)}
    else:
        said = {
            "norm": joined(", ", traits.of("norm"), BLOCKS.get(traits.of("block"), traits.of("block"))),
            "positions": traits.positions,
            "attention": joined(", ", traits.of("mask"), traits.of("grouping")),
            "feed-forward": traits.of("feed_forward"),
            "special": joined(", ", *traits.everything_special),
        }
    if wide:
        return {"family": family.family} | said
    plain = joined("; ", *(said[trait] for trait in TRAITS if said[trait]))
    return {"family": family.family, "traits": plain, "special": said["special"]}
