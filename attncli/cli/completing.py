"""What a shell offers when Tab is pressed: the values of options and arguments. Each function has the signature
that click wants. What cannot be found out offers nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from attncli import story
from attncli.model.request import POSITIONS

Items = list[CompletionItem]


def stages(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """The names of stages within a layer: attn.weights, and weights alone."""
    from attncli.stages import CATALOGUE

    meanings = {n: entry.meaning if isinstance(entry.meaning, str) else "" for n, entry in CATALOGUE.items()}
    short = {name.removeprefix("attn."): text for name, text in meanings.items()}
    return _starting(incomplete, short | meanings | {"all": "every stage"})


def layers(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """The layers of the model on the command line; the last of a list (0,1) is completed."""
    before, last = _last_of_list(incomplete)
    return _prefixed(before, _starting(last, [*map(str, range(len(_heads(context)))), *_all(before)]))


def heads(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """The heads of the model on the command line, as L.H."""
    before, last = _last_of_list(incomplete)
    named = [f"{layer}.{head}" for layer, count in enumerate(_heads(context)) for head in range(count)]
    return _prefixed(before, _starting(last, [*named, *_all(before)]))


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """story, and the models in the cache of the hub; files where no name begins so."""
    named = _starting(incomplete, [story.NAME, *cached_models(os.environ)])
    return named or [CompletionItem(incomplete, type="file")]


def tokenizers(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    return _starting(incomplete, ["words", "chars", "bytes"]) or [CompletionItem(incomplete, type="file")]


def families(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    from attncli.family import FAMILIES

    return _starting(incomplete, FAMILIES)


def positions(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    return _starting(incomplete, POSITIONS)


def commands(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    return _starting(incomplete, root.command.list_commands(root))


def hub_cache(environment: Mapping[str, str]) -> Path:
    """The folder where huggingface_hub keeps models; that library takes half a second to say so."""
    if "HF_HUB_CACHE" in environment:
        return Path(environment["HF_HUB_CACHE"])
    cache = Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "")) / ".cache")
    return Path(environment.get("HF_HOME") or cache / "huggingface") / "hub"


def cached_models(environment: Mapping[str, str]) -> list[str]:
    """The names of the models in the cache: models--org--name is org/name."""
    folder = hub_cache(environment)
    found = folder.glob("models--*") if folder.is_dir() else ()
    return sorted(path.name.removeprefix("models--").replace("--", "/") for path in found)


def _heads(context: click.Context) -> list[int]:
    """How many heads each layer of the model has. Nothing is downloaded: a name must be in the cache."""
    from attncli.model.loading import load_model

    named = context.params.get("model") or story.NAME
    cached = hub_cache(os.environ) / f"models--{named.replace('/', '--')}" / "snapshots"
    source = next(iter(sorted(cached.glob("*"))), None) if cached.is_dir() else Path(named)
    if named != story.NAME and (source is None or not source.exists()):
        return []
    spec = load_model(named if named == story.NAME else source).spec
    return [layer.attn.heads for layer in spec.stacks[-1].layers]


def _last_of_list(incomplete: str) -> tuple[str, str]:
    """`0,1` -> `0,` and `1`."""
    before, comma, last = incomplete.rpartition(",")
    return before + comma, last


def _all(before: str) -> list[str]:
    """`all`, where it is not part of a list."""
    return [] if before else ["all"]


def _prefixed(before: str, items: Items) -> Items:
    return [CompletionItem(before + item.value, help=item.help) for item in items]


def _starting(incomplete: str, values: Iterable[str] | Mapping[str, str]) -> Items:
    meanings = values if isinstance(values, Mapping) else {}
    return [CompletionItem(value, help=meanings.get(value)) for value in values if value.startswith(incomplete)]
