"""The catalogues of attncli/locale, by Babel (extra `test`): python tools/translations.py

Brings each .po up to date with what is marked in the source, makes its .mo, and names the messages that still
lack a translation: put it into the .po, and run this again. After a merge the .mo is made anew in this way, too.
A new language is a new folder there, and a name in attncli/language.py.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "attncli/locale"
MARKS = {"N_", "say", "counted"}


def source() -> Catalog:
    """Every message that is marked in the package."""
    found = Catalog()
    for path in sorted((ROOT / "attncli").rglob("*.py")):
        for texts in marked(path.read_text("utf-8")):
            found.add(texts if len(texts) > 1 else texts[0], locations=[(str(path.relative_to(ROOT)), 0)])
    return found


def marked(code: str) -> Iterator[tuple[str, ...]]:
    """The literal texts of every call of a mark: one, or two where they are counted. Babel's own reader of Python
    does not look into f-strings."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in MARKS:
            texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
            if texts:
                yield texts


def languages() -> list[str]:
    return sorted(path.name for path in LOCALE.iterdir())


def catalogue(language: str) -> Catalog:
    """A language's .po as it is; an empty one where there is none yet."""
    if not po(language).exists():
        return Catalog(language, "attn", "# What attn says to people.", "attn", "1", fuzzy=False)
    with po(language).open("rb") as file:
        return read_po(file, language, "attn")


def po(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES/attn.po"


def updated(language: str, messages: Catalog) -> Catalog:
    """A language's catalogue with exactly these messages. That of English has none: it only says that a reader of
    English, to whom another language comes second, needs no translation."""
    new = catalogue(language)
    new.update(Catalog() if language == "en" else messages, no_fuzzy_matching=True)
    new.creation_date = datetime(2025, 1, 1, tzinfo=UTC)  # the same whenever it is run
    return new


def missing(found: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without a translation."""
    for message in found:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(strings):
            yield message


def main() -> int:
    messages, status = source(), 0
    for language in languages():
        new = updated(language, messages)
        po(language).parent.mkdir(exist_ok=True)
        with po(language).open("wb") as file:
            write_po(file, new, 115, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
        with po(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, new)
        for message in missing(new):
            print(f"{language}: no translation of {message.id!r}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
