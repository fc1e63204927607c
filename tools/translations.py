"""Updates the catalogs in attncli/locale, with Babel (extra `test`): python tools/translations.py

Updates each .po with the messages marked in the source, compiles its .mo, and lists the messages without a
translation: add these to the .po, and run the script again. Run it also after a merge, to compile the .mo again.
For a new language, add a folder there, and its name in attncli/language.py.
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
    """The literal texts of every call that marks a message: one, or singular and plural. Babel's own extractor
    does not look into f-strings."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in MARKS:
            texts = tuple(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
            if texts:
                yield texts


def languages() -> list[str]:
    return sorted(path.name for path in LOCALE.iterdir())


def catalog(language: str) -> Catalog:
    """The current catalog of a language; an empty one where there is no .po yet."""
    if not po(language).exists():
        return Catalog(language, "attn", "# What attn says to people.", "attn", "1", fuzzy=False)
    with po(language).open("rb") as file:
        return read_po(file, language, "attn")


def po(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES/attn.po"


def updated(language: str, messages: Catalog) -> Catalog:
    """The catalog of a language with exactly these messages. The English one is empty: it only keeps gettext from
    falling back to the second language of a reader whose first is English."""
    new = catalog(language)
    new.update(Catalog() if language == "en" else messages, no_fuzzy_matching=True)
    new.creation_date = datetime(2025, 1, 1, tzinfo=UTC)  # fixed, so that the file changes only with the messages
    return new


def missing(translations: Catalog) -> Iterator[Message]:
    """The messages of a catalog without a translation."""
    for message in translations:
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
