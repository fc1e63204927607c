"""What a page is about, in a few lines: the model, and the tokens with their indices."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from attncli.render.page.blocks import Subject
from attncli.render.page.cells import cell_len
from attncli.render.page.choosing import middle_out
from attncli.render.page.page import Options
from attncli.render.terminal.styles import HEAD, QUIET
from attncli.render.terminal.wrapping import Running, Whole
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

LINES = 3
"""About how many lines a long text's tokens may take."""


def subject_lines(subject: Subject, width: int, options: Options) -> Iterator[Running | Whole]:
    """The name and the facts, then the tokens."""
    say = options.say
    source = f" ({subject.source})" if subject.source else ""
    name = Text.assemble((subject.name, "bold"), (source, QUIET))
    facts = [Text(f"· {say.marked(fact)}", QUIET) for fact in subject.facts]
    if max(cell_len(item.plain) for item in (name, *facts)) <= width:
        yield Whole(_flowed([name, *facts], width, " "))
    else:
        yield Running(Text(" ").join([name, *facts]))
    if subject.tokens is not None:
        side = "" if subject.target is None else say("source")
        yield token_line(subject.tokens, width, options, side)
    if subject.target is not None:
        yield token_line(subject.target, width, options, say("target"))


def token_line(tokens: Tokens, width: int, options: Options, side: str = "") -> Whole:
    """The tokens in a line, each with its index; the middle of a long text is left out. `side` says whose they
    are."""
    labels = [f"{index} {visible(text)}" for index, text in enumerate(tokens.texts)]
    shown, left_out = list(range(len(labels))), 0
    if not options.full:
        room = len(labels)
        while room > 2 and sum(cell_len(labels[index]) + 2 for index in shown) > LINES * width:
            room -= max(1, room // 8)
            shown, left_out = middle_out(len(labels), room)
    count = options.say.counted("{count} token", "{count} tokens", len(tokens))
    items = [Text(f"{side + ': ' if side else ''}{count}", QUIET)]
    for position, index in enumerate(shown):
        if left_out and position == (len(shown) + 1) // 2:
            items.append(Text(f"⋯ {options.say('{count} more', count=left_out)} ⋯", QUIET))
        number, _, text = labels[index].partition(" ")
        items.append(Text.assemble((number + " ", QUIET), (text, HEAD)))
    return Whole(_flowed(items, width))


def _flowed(items: list[Text], width: int, between: str = "  ") -> Text:
    """Items one after the other, with spaces between them, broken into lines between items only: Rich would
    separate a token from its index, and break Japanese within a word."""
    line, used = Text(), 0
    for item in items:
        long = cell_len(item.plain)
        fits = used + len(between) + long <= width
        if used:
            line.append(between if fits else "\n")
        line.append_text(item)
        used = used + len(between) * (used > 0) + long if fits else long
    return line
