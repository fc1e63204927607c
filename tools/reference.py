"""What the reference in docs/ says of the code, made from the code: a function for each generated part of a page,
of the same name. tools/docs.py inserts them."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from statistics import mode
from typing import Any

import click

ROOT = Path(__file__).parent.parent
KINDS = ("decoders", "encoders", "encoder-decoders")
TOOLS = ("TransformerLens", "llama.cpp", "words")
"""Who has names of their own for our stages. So has transformers, but its modules differ by family."""
WIDTH = 112
NAMING = ("-m", "--model", "--adapter", "--file", "<", "model")
"""What stands before the name of a model or file in an example."""


def commands() -> str:
    """Every command: what it does, its options, its examples."""
    from attncli.cli import COMMANDS, cli
    from attncli.cli.parsing import Command
    from attncli.language import ENGLISH

    parent = click.Context(cli, info_name="attn", **cli.context_settings)
    parts = []
    for name in COMMANDS:
        command = cli.get_command(parent, name)
        assert isinstance(command, Command)
        shown = command.page(click.Context(command, info_name=name, parent=parent))
        parts += [f"## attn {name}", f"`{shown.usage}`", *map(prose, shown.about)]
        examples = [example.line for example in shown.examples]
        # The pages' commands are run, and completion would change the settings of a shell
        parts.append(
            block("text", examples) if name == "completion" else block("sh", [*absences(examples), *examples])
        )
        for section in shown.sections:
            rows = [[f"`{row.name}`", cell(ENGLISH.marked(row.text))] for row in section.rows]
            parts.append(table([section.title.lower(), "meaning"], rows))
    return page(parts)


def absences(examples: Sequence[str]) -> list[str]:
    """A comment that names the models and files among the arguments that attn does not bring along."""
    named = dict.fromkeys(
        word
        for example in examples
        for before, word in zip(["", *shlex.split(example)], shlex.split(example), strict=False)
        if (before in NAMING or word.startswith("./") or word.endswith(".gguf")) and word != "story"
        and not (ROOT / word).exists()
    )  # fmt: skip
    if not named:
        return []
    *others, last = named
    return [
        f"# {', '.join(others)} and {last} do not come with attn"
        if others
        else f"# {last} does not come with attn"
    ]


def stages() -> str:
    """Every stage, in the order of computation."""
    import attncli

    rows = [
        [f"`{stage.name}`", f"`{stage.formula}`", cell(stage.meaning), f"[{', '.join(stage.axes)}]", stage.family]
        for stage in attncli.catalogue()
    ]
    return table(["stage", "formula", "meaning", "axes", "as in"], rows)


def names() -> str:
    """What other tools, and people, call the stages."""
    import attncli

    rows = []
    for stage in attncli.catalogue():
        known = [" ".join(f"`{name}`" for name in stage.names[tool]) for tool in TOOLS]
        if any(known):
            rows.append([f"`{stage.name}`", *known])
    return table(["stage", *TOOLS], rows)


def families_by_kind() -> dict[str, list[str]]:
    """The families by kind; the kind of a family is that of most of its models in tests/golden.

    Exits with an error where a family has no model there."""
    from attncli import describe
    from attncli.family import FAMILIES

    models: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for file in sorted(ROOT.glob("tests/golden/*/config.json")):
        spec = describe(file.parent).spec
        if spec is not None:
            models[spec.family].append("encoder-decoders" if spec.encoder else KINDS[not spec.causal])
    if missing := [family for family, kinds in models.items() if not kinds]:
        raise SystemExit(f"tests/golden has no model of the family {missing[0]}")
    return {kind: [family for family, kinds in models.items() if mode(kinds) == kind] for kind in KINDS}


def families() -> str:
    """The families by kind, with their number, and then the traits of each."""
    kinds = families_by_kind()
    lines = [f"{sum(map(len, kinds.values()))} families, by the `model_type` of their `config.json`:\n"]
    for kind, names in kinds.items():
        line = f"- {kind}: {', '.join(f'`{name}`' for name in names)}"
        lines.append(textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    traits = subprocess.run(
        [sys.executable, "-m", "attncli", "families", "--format", "md", "--lang", "en"],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True,
    ).stdout  # fmt: skip
    return "\n".join(lines) + "\n\n" + traits.replace(r"\<", "&lt;")  # MkDocs does not know \<


def formats() -> str:
    """Every format that a command can write."""
    from attncli.render.page.formats import FORMATS

    rows = [
        [f"`{name}`", " ".join(f"`{end}`" for end in known.suffixes), known.kind]
        for name, known in FORMATS.items()
    ]
    return table(["format", "endings", "kind"], rows)


def schemas() -> str:
    """The fields of every JSON Schema in attncli/schemas."""
    parts = []
    for file in sorted((ROOT / "attncli/schemas").glob("*.json")):
        schema = json.loads(file.read_text("utf-8"))
        parts += [f"## {schema['$id']}", cell(f"{schema['title']}. {schema.get('description', '')}".strip())]
        parts += fields(schema)
        for name, part in schema.get("$defs", {}).items():
            if part.get("properties"):
                parts += [
                    f"**{name}**{': ' + cell(part['description']) if 'description' in part else ''}",
                    *fields(part),
                ]
    return page(parts)


def fields(schema: Mapping[str, Any]) -> list[str]:
    """The table of an object's fields; nothing where it has none."""
    required = schema.get("required", ())
    rows = [
        [f"`{name}`", cell(kind(field)), "yes" if name in required else "", cell(field.get("description", ""))]
        for name, field in schema.get("properties", {}).items()
    ]
    return [table(["field", "type", "always", "meaning"], rows)] if rows else []


def kind(field: Mapping[str, Any]) -> str:
    """What a field of a JSON Schema holds, in a few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "const" in field:
        return json.dumps(field["const"])
    if "enum" in field:
        return " or ".join(json.dumps(value) for value in field["enum"])
    if either := field.get("anyOf", field.get("oneOf")):
        return " or ".join(dict.fromkeys(kind(one) for one in either))
    kinds = field.get("type", "any")
    if kinds == "array" and isinstance(field.get("items"), dict):
        return f"array of {kind(field['items'])}"
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def python() -> str:
    """Every name that attncli offers, with its signature and its documentation."""
    attncli = import_module("attncli")
    names = [name for name in attncli.__all__ if not name.startswith("__")]
    functions = [name for name in names if inspect.isfunction(getattr(attncli, name))]
    parts = ["## Functions"]
    for name in functions:
        parts += described(f"attncli.{name}", getattr(attncli, name))
    parts.append("## Classes")
    for name in (name for name in names if name not in functions):
        found = getattr(attncli, name)
        made = [block("text", [written(name, inspect.signature(found))])] if is_dataclass(found) else []
        parts += [f"### {name}", *made, *documentation(found)]
        for member, what in members(found):
            parts += described(member, what, level=4)
    return page(parts)


def members(found: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class defines itself and documents."""
    for name, what in vars(found).items():
        function = what.fget if isinstance(what, property) else getattr(what, "__func__", what)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, what


def described(name: str, what: Any, level: int = 3) -> list[str]:
    """The heading, signature and documentation of a function, method or property."""
    function = what.fget if isinstance(what, property) else getattr(what, "__func__", what)
    heading = f"{'#' * level} {name.removeprefix('attncli.')}"
    signature = [] if isinstance(what, property) else [block("text", [written(name, inspect.signature(function))])]
    return [heading, *signature, *documentation(function)]


def written(name: str, signature: inspect.Signature) -> str:
    """A signature on one line, or with a parameter a line."""
    parameters = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    named = [parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters]
    parts = [as_written(parameter) for parameter in parameters]
    if True in named:
        parts.insert(named.index(True), "*")
    empty = signature.return_annotation in (inspect.Signature.empty, None, "None")
    returned = "" if empty else f" -> {annotation(signature.return_annotation)}"
    line = f"{name}({', '.join(parts)}){returned}"
    return (
        line
        if len(line) <= WIDTH
        else "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){returned}"])
    )


def as_written(parameter: inspect.Parameter) -> str:
    text = f"{parameter.name}: {annotation(parameter.annotation)}"
    if parameter.default is inspect.Parameter.empty:
        return text
    plain = isinstance(parameter.default, str | int | float | tuple | None)
    return f"{text} = {parameter.default!r}" if plain else f"{text} = ..."


def annotation(found: Any) -> str:
    return found if isinstance(found, str) else getattr(found, "__name__", str(found))


def documentation(what: Any) -> list[str]:
    """A docstring as Markdown: its paragraphs, and its examples as blocks."""
    parts = inspect.cleandoc(what.__doc__ or "").split("\n\n")
    return [
        block("pycon", part.splitlines()) if part.startswith(">>>") else cell(" ".join(part.split()))
        for part in parts
    ]


def prose(text: str) -> str:
    """Help as paragraphs."""
    return "\n\n".join(cell(" ".join(part.split())) for part in inspect.cleandoc(text).split("\n\n"))


def page(parts: Iterable[str]) -> str:
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def block(language: str, lines: Iterable[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(without_bars(one) for one in line)} |\n" for line in lines)


def without_bars(text: str) -> str:
    """A cell on one line, in which | does not end the cell: GitHub and MkDocs differ in what \\| means in code."""
    code = re.sub(r"`([^`]*\|[^`]*)`", lambda found: f"<code>{escape(found[1], quote=False)}</code>", text)
    return " ".join(code.split()).replace("|", "&#124;")


def cell(text: str) -> str:
    """A text for a page: what looks like a tag, or like emphasis, shows as it is written; code stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("*", r"\*") for part in parts
    )
