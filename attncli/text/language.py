"""What is said to people, in their language, by gettext: English in the code, other languages in attncli/locale.

`N_` marks a text where it is written, `Say` says it where it is shown. In between it is a str like any other, so
that what programs read stays English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

LANGUAGES = ("en", "ja")
DOMAIN, LOCALE = "attn", Path(__file__).parent.parent / "locale"


class Message(str):
    """English text that remembers what it was made from: a text with names in braces, and their values."""

    text = ""
    values: Mapping[str, object] = MappingProxyType({})


def N_(text: str, /, **values: object) -> Message:
    """Marks a text for translation. With values, `text` holds their names: N_("{n} of them", n=3)."""
    made = Message(text.format(**values) if values else text)
    made.text, made.values = text, values
    return made


def joined(separator: str, *parts: str) -> Message:
    """Texts as one, of which each that is marked is said for itself."""
    names = {f"part{i}": part for i, part in enumerate(parts)}
    return N_(separator.join(f"{{{name}}}" for name in names), **names)


@dataclass(frozen=True)
class Say:
    """Says texts in a language. What has no translation is said in English."""

    gettext: Callable[[str], str] = lambda text: text
    ngettext: Callable[[str, str, int], str] = lambda one, many, count: one if count == 1 else many

    def __call__(self, text: str, /, **values: object) -> str:
        """A text by its English; names in braces are replaced by the values, which are said as well if marked."""
        if isinstance(text, Message):
            return self(text.text, **text.values)
        said = self.gettext(text) if text else ""  # gettext's answer to nothing is the head of the catalogue
        if not values:
            return said
        return said.format(**{k: self.marked(v) if isinstance(v, str) else v for k, v in values.items()})

    def marked(self, text: str) -> str:
        """A text that may be a user's: said only if it is marked."""
        return self(text) if isinstance(text, Message) else text

    def counted(self, one: str, many: str, count: int) -> str:
        """`1 head` or `2 heads`: the text for the count, which takes the place of {count}."""
        return self.ngettext(one, many, count).format(count=count)


ENGLISH = Say()


def language(choice: str | None = None) -> Say:
    """The language of that name in LANGUAGES; None: the locale's, by LANGUAGE, LC_ALL, LC_MESSAGES or LANG, and
    English where there is no catalogue for it."""
    from gettext import GNUTranslations, find

    catalogue = find(DOMAIN, str(LOCALE), None if choice is None else [choice])
    if catalogue is None:
        return ENGLISH
    with open(catalogue, "rb") as file:
        found = GNUTranslations(file)
    return Say(found.gettext, found.ngettext)
