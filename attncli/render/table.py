"""Stages for people at a terminal, by Rich: each captioned by its formula, then a grid of numbers a head."""

from __future__ import annotations

from typing import Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from attncli.render.page.choosing import middle_out
from attncli.render.page.page import Options
from attncli.render.terminal.grid import HEAD, QUIET
from attncli.render.terminal.wrapping import Running
from attncli.text.language import Say
from attncli.text.tokens import Tokens
from attncli.text.visible import visible
from attncli.tracing.trace import ModelInfo, Trace

NAME, FORMULA = "bold", "green"


def print_head(console: Console, head: Trace, options: Options) -> None:
    """What is said above the stages: the model, and the tokens."""
    if head.model is None or head.tokens is None:
        return
    say = options.say
    console.print(summary(head.model, say))
    source = "" if head.target is None else say("source")
    console.print(token_line(head.tokens, console.width, options, source))
    if head.target is not None:
        console.print(token_line(head.target, console.width, options, say("target")))


def summary(model: ModelInfo, say: Say) -> Text:
    kind = say(model.positions)
    positions = say("no positions") if model.positions == "none" else say("{kind} positions", kind=kind)
    encoder = f"{model.encoder_layers} + " if model.encoder_layers else ""
    layers = say.counted("{count} layer", "{count} layers", model.layers)
    facts = [
        f"{encoder}{layers} × {say.counted('{count} head', '{count} heads', model.heads)}",
        *([_kv_heads(model, say)] if model.kv_heads != model.heads else []),
        f"d_model {model.d_model}",
        f"d_head {model.d_head}",
        positions,
        say("causal") if model.causal else say("bidirectional"),
    ]
    source = model.source if model.source.startswith("seed ") else model.family
    about = f" ({visible_line(source)}) · {' · '.join(facts)}"
    return Text.assemble((visible_line(model.name), NAME), (about, QUIET))


def _kv_heads(model: ModelInfo, say: Say) -> str:
    return say.counted("{count} key/value head", "{count} key/value heads", model.kv_heads)


def visible_line(text: str) -> str:
    """Spaces may stay in running text; all else that cannot be seen may not."""
    return " ".join(visible(part) for part in text.split(" "))


def token_line(tokens: Tokens, width: int, options: Options, side: str = "") -> Text:
    """The tokens in one line, each with its index; `side` says whose they are."""
    labels = [f"{i} {visible(t)}" for i, t in enumerate(tokens.texts)]
    shown, left_out = list(range(len(labels))), 0
    if not options.full:
        room = len(labels)
        while room > 2 and sum(cell_len(labels[i]) + 2 for i in shown) > 3 * width:
            room -= max(1, room // 8)
            shown, left_out = middle_out(len(labels), room)
    count = options.say.counted("{count} token", "{count} tokens", len(tokens))
    items = [Text(f"{side + ': ' if side else ''}{count}", QUIET)]
    for place, i in enumerate(shown):
        if left_out and place == (len(shown) + 1) // 2:
            items.append(Text(f"⋯ {options.say('{count} more', count=left_out)} ⋯", QUIET))
        number_, _, text = labels[i].partition(" ")
        items.append(Text.assemble((number_ + " ", QUIET), (text, HEAD)))
    return _flowed(items, width)


def _flowed(items: list[Text], width: int) -> Text:
    """Items one after the other, two spaces apart, broken into lines between items only: Rich would part a token
    from its index."""
    line, used = Text(), 0
    for item in items:
        fits = used + 2 + item.cell_len <= width
        if used:
            line.append("  " if fits else "\n")
        line.append_text(item)
        used = used + 2 * (used > 0) + item.cell_len if fits else item.cell_len
    return line


class Said(Protocol):
    """What has a formula: a stage, or a section of a worked example."""

    @property
    def formula(self) -> str: ...

    @property
    def meaning(self) -> str: ...

    @property
    def detail(self) -> str: ...


def caption(said: Said, say: Say) -> Running:
    """The formula, and what it means; of what has no formula, what is said in its place."""
    space = "   " if said.formula and said.meaning else ""
    detail = f"\n{say(said.detail)}" if said.detail else ""
    return Running(Text.assemble((say(said.formula), FORMULA), (space + say(said.meaning) + detail, QUIET)))
