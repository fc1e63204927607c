"""Which layers, heads, rows and keys are shown, and how many: the options, and what they mean of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from attncli.cli.options import Command, indices
from attncli.errors import UsageError, nearest

if TYPE_CHECKING:
    from attncli.architecture.spec import Spec
    from attncli.text.tokens import Tokens
    from attncli.tracing.selection import Selection


def query_options(command: Command) -> Command:
    """Which row, and how far into it."""
    for option in reversed(
        (
            click.option(
                "--query",
                metavar="TOKEN",
                help="A token that attends, by index or text: its row is followed through the formula, with the "
                "numbers written out. Several (0,2-3), or with --stage: only these rows of the stages.",
            ),
            click.option(
                "--key",
                metavar="TOKEN",
                help="With --query: the token that is attended to, and every product of the two.",
            ),
            click.option(
                "--attention",
                type=click.Choice(["self", "cross", "encoder"]),
                help="With --query, of an encoder with a decoder: which attention.  "
                "[default: self, the decoder's own]",
            ),
            click.option(
                "--top",
                metavar="K",
                help="The K largest, or all: of logits and probs words, with --query keys, with --key products.  "
                "[default: 5 words, 12 keys, 64 products; all words for npz and safetensors, all keys in JSON]",
            ),
        )
    ):
        command = option(command)
    return command


def layers_of(spec: Spec, text: str) -> dict[str, set[int]]:
    """--layer for each stack, which may have fewer layers than the other: -1 is the last of each."""
    longest, chosen = spec.layers, {}
    for stack in spec.stacks:
        count = len(stack.layers)
        chosen[stack.prefix] = {
            i
            for part in text.split(",")
            for shift in [longest - count if part.strip().startswith("-") else 0]
            for i in [index - shift for index in indices(part, longest, "layer")]
            if 0 <= i < count
        }
    return chosen


def heads_of(spec: Spec, stages: list[str], text: str) -> tuple[int, ...] | None:
    """--head, None for all of them; every stage asked for must have each."""
    from attncli.stages.selecting import head_counts

    counts = head_counts(spec, stages)
    if len(counts) > 1 and text != "all" and any(part.strip().startswith("-") for part in text.split(",")):
        listed = " or ".join(map(str, counts))
        raise UsageError(
            f"--head {text}: the stages asked for have {listed} heads.", "Count from 0, or ask for all."
        )
    heads = indices(text, counts[0], "head")
    return None if text == "all" or len(heads) == counts[-1] else heads


def selection_of(
    stages: list[str], heads: tuple[int, ...] | None, query: str | None, tokens: Tokens, target: Tokens | None
) -> Selection:
    """These stages, of some heads, and of the rows that --query means: those of an encoder are the source's."""
    from attncli.tracing.selection import Selection

    if query is None:
        return Selection(tuple(stages), heads)
    if target is None:
        return Selection(tuple(stages), heads, positions_of(query, tokens))
    of_encoder = [name.startswith("encoder.") for name in stages]
    other = "Or ask for the other side only: --stage '{}.*'."
    return Selection(
        tuple(stages),
        heads,
        None if all(of_encoder) else positions_of(query, target, "query", "target", other.format("encoder")),
        positions_of(query, tokens, "query", "source", other.format("decoder")) if any(of_encoder) else None,
    )


def positions_of(
    text: str, tokens: Tokens, what: str = "query", side: str = "", instead: str = ""
) -> tuple[int, ...]:
    """The positions that --query (or `what`) means: an index, a token's text (with or without the mark of a word's
    beginning), or several indices. Raises UsageError where it means none, or several tokens by text. `side`:
    source or target, where there are both; `instead` says how to ask for the other."""
    count = len(tokens)
    if re.fullmatch(r"-?\d{1,18}", text) and -count <= int(text) < count:
        return (int(text) % count,)
    exact = [i for i, t in enumerate(tokens.texts) if t == text]
    same = exact or [i for i, t in enumerate(tokens.texts) if _bare(t) == _bare(text)]
    if len(same) == 1:
        return tuple(same)
    of_side = f" of the {side}" if side else ""
    if same:
        where = ", ".join(str(i) for i in same)
        raise UsageError(
            f"--{what} {text!r} is token {where}{of_side}: several.", f"Give the index: --{what} {same[0]}"
        )
    if all(c in "0123456789-, " for c in text):
        return indices(text, count, what, of_side)
    if text == "all":
        return tuple(range(count))
    parts = _parts_of(text, tokens)
    if len(parts) > 1:
        listed = ", ".join(f"{i} {tokens.texts[i]!r}" for i in parts)
        raise UsageError(
            f"{text!r} is in {len(parts)} tokens{of_side}: {listed}.", f"Give one: --{what} {parts[-1]}"
        )
    hint = nearest(text, dict.fromkeys(map(_bare, tokens.texts)))
    raise UsageError(f"no token {text!r} in the {side or 'sentence'}.", f"{hint} {instead}".strip())


def top_of(text: str | None, default: int | None) -> int | None:
    """How many --top keeps; None: all."""
    if text is None:
        return default
    if text == "all":
        return None
    if not re.fullmatch(r"\d{1,18}", text) or int(text) < 1:
        raise UsageError(f"--top {text!r}: give a number above 0, or all.")
    return int(text)


def _parts_of(text: str, tokens: Tokens) -> range:
    """The tokens which together are a text that the vocabulary has cut; none where there are no such."""
    for first in range(len(tokens)):
        for last in range(first + 1, min(first + 16, len(tokens)) + 1):
            if _bare("".join(tokens.texts[first:last])) == _bare(text):
                return range(first, last)
    return range(0)


def _bare(text: str) -> str:
    """A token without the marks that vocabularies put around words."""
    return text.strip(" ▁Ġ").removeprefix("##").removesuffix("</w>") or text
