"""One query token followed through the attention formula: `attn explain --query TOKEN`, `--key TOKEN`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attncli.cli.choosing import heads_of, layers_of, positions_of, top_of
from attncli.errors import UsageError
from attncli.insights.worked_example import WorkedExample, stages_of, worked_example
from attncli.stages import attention_of, offered
from attncli.tracing.recording import Selection
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

if TYPE_CHECKING:
    from attncli.architecture.spec import Spec
    from attncli.model.running import Model
    from attncli.text.tokens import Tokens

FORMATS = ("table", "md", "json")
ELSEWHERE = {
    "source": "Without --attention encoder it is a token of the target.",
    "target": "For a token of the source: --attention encoder.",
}
"""How to ask for a query of the other side."""


@dataclass(frozen=True)
class Example:
    """What is to be followed: a query, by its position, and where a key is given that alone. `attentions` are the
    beginnings of their stages' names (`layers.3.attn`); `heads` None: all."""

    attentions: tuple[str, ...]
    heads: tuple[int, ...] | None
    query: int
    key: int | None


def asked(
    model: Model, tokens: Tokens, target: Tokens | None, options: dict[str, Any], format_: str
) -> Example | None:
    """What the options ask to follow; None where there is no --query, or one that chooses rows of stages. Raises
    UsageError for options that only go with a query that is followed."""
    if (why := _unfit(options, format_)) is None:
        said, read = _sides(tokens, target, options["attention"])
        side, of_keys = (
            ("", "") if target is None else ("source" if x is tokens else "target" for x in (said, read))
        )
        queries = positions_of(options["query"], said, "query", side, ELSEWHERE.get(side, ""))
        if len(queries) == 1:
            key = None if options["key"] is None else _key(options["key"], read, of_keys)
            attentions = _attentions(model, options, target is not None)
            heads = heads_of(model.spec, [f"{at}.q" for at in attentions], options["head"])
            return Example(attentions, heads, queries[0], key)
        why = f"needs one query token, and --query {options['query']} is {len(queries)}."
    for flag in ("key", "attention"):
        if options[flag] is not None:
            raise UsageError(f"--{flag} {why}", "As in: attn explain SENTENCE --query TOKEN")
    return None


def _unfit(options: dict[str, Any], format_: str) -> str | None:
    """Why the options do not ask for a worked example, as said of an option that goes with one only."""
    if options["query"] is None:
        return "needs --query, the token that attends."
    if options["stages"]:
        return "is for the worked example, and --stage shows stages instead: leave it out."
    if format_ not in FORMATS:
        return f"is for the worked example, which comes as table, md or json, not as {format_}."
    return None


def _sides(tokens: Tokens, target: Tokens | None, attention: str | None) -> tuple[Tokens, Tokens]:
    """The tokens of the queries and of the keys."""
    if target is None:
        if attention is not None:
            raise UsageError(
                "--attention is for an encoder with a decoder; this model has one attention in a layer."
            )
        return tokens, tokens
    return {"encoder": (tokens, tokens), "cross": (target, tokens)}.get(attention or "self", (target, target))


def _key(text: str, read: Tokens, side: str) -> int:
    keys = positions_of(text, read, "key", side)
    if len(keys) > 1:
        raise UsageError(f"--key {text} is {len(keys)} tokens; one is shown at a time.", "Give one index or text.")
    return keys[0]


def _attentions(model: Model, options: dict[str, Any], both: bool) -> tuple[str, ...]:
    """The attention of each layer that is asked for."""
    spec: Spec = model.spec
    text = str(model.layer) if options["layer"] is None else options["layer"]
    kind = options["attention"] or "self"
    prefix = "" if not both else "encoder." if kind == "encoder" else "decoder."
    layers = sorted(layers_of(spec, text)[prefix])
    if not layers:
        count = len(spec.stack(prefix).layers)
        raise UsageError(f"--layer {text}: the {prefix[:-1]} has {count} layers, 0 to {count - 1}.")
    return tuple(f"{prefix}layers.{i}.{'cross' if kind == 'cross' else 'attn'}" for i in layers)


def show(model: Model, head: Trace, example: Example, options: dict[str, Any], format_: str) -> None:
    """Computes the stages that the example is made of, and writes it. `head`: the trace without stages."""
    from attncli.cli.output import opened, render_options
    from attncli.cli.progress import Progress
    from attncli.cli.warnings import count_broken, warn_of_broken
    from attncli.model.running import run
    from attncli.render.page.formats import write
    from attncli.views.worked_example import Top, page

    assert head.tokens is not None
    stages, broken = dict[str, Stage](), dict[str, tuple[int, int]]()
    top: Top = "all" if options["top"] == "all" else top_of(options["top"], None)

    def keep(stage: Stage) -> None:
        count_broken(stage.name, stage.values, broken)
        stages[stage.name] = stage

    with Progress() as progress, opened(options["output"]) as output:
        run(model, head.tokens, _selection(model.spec, example), keep, None, head.target, progress)
        progress.hide()
        examples = list(_examples(model.spec, replace(head, stages=stages), example))
        shown = render_options(options)
        write(format_, page(head, examples, example.key, top, shown), output, shown)
    warn_of_broken(model, broken)


def _examples(spec: Spec, trace: Trace, example: Example) -> Iterator[WorkedExample]:
    """The query's row of each head of each attention."""
    for path in example.attentions:
        attention = attention_of(spec, f"{path}.q")
        for head in range(attention.heads) if example.heads is None else example.heads:
            yield worked_example(trace, path, attention, head, example.query)


def _selection(spec: Spec, example: Example) -> Selection:
    known = offered(spec)
    wanted = {name for at in example.attentions for name in stages_of(known, at)}
    row, of_encoder = (example.query,), example.attentions[0].startswith("encoder.")
    names = tuple(name for name in known if name in wanted)
    return Selection(names, example.heads, None if of_encoder else row, row if of_encoder else None)
