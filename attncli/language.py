"""Translating what people read, by gettext: the code is in English, other languages are in attncli/locale.

`N_` marks a text where it is written; `Say` translates it where it is shown. In between it is an ordinary str, so
that what programs read stays English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import MappingProxyType

LANGUAGES = ("en", "ja")
DOMAIN, LOCALE = "attn", Path(__file__).parent / "locale"


class Message(str):
    """An English text that remembers its template (`text`, with names in braces) and the values for the names."""

    text = ""
    values: Mapping[str, object] = MappingProxyType({})


def N_(text: str, /, **values: object) -> Message:
    """Marks a text for translation. With values, `text` has their names in braces: N_("{n} heads", n=3)."""
    message = Message(text.format(**values) if values else text)
    message.text, message.values = text, values
    return message


def joined(separator: str, *texts: str) -> Message:
    """Several texts as one; each marked text is translated by itself."""
    names = {f"part{i}": text for i, text in enumerate(texts)}
    return N_(separator.join(f"{{{name}}}" for name in names), **names)


def listed(*texts: str) -> Message:
    """Several texts as one, with a comma between them as the language writes it; each is translated by itself."""
    return reduce(lambda text, following: N_("{text}, {following}", text=text, following=following), texts[1:],
                  joined("", *texts[:1]))  # fmt: skip


def in_turn(*texts: str) -> Message:
    """Several texts, which may be lists, as one, with a semicolon between them as the language writes it; each is
    translated by itself."""
    return reduce(lambda text, following: N_("{text}; {following}", text=text, following=following), texts[1:],
                  joined("", *texts[:1]))  # fmt: skip


@dataclass(frozen=True)
class Say:
    """Translates texts into a language. A text without a translation stays English. `code` names the language
    (BCP 47)."""

    gettext: Callable[[str], str] = lambda text: text
    ngettext: Callable[[str, str, int], str] = lambda singular, plural, count: singular if count == 1 else plural
    code: str = "en"

    def __call__(self, text: str, /, **values: object) -> str:
        """The translation of an English text. Values replace the names in braces; marked values are translated
        too."""
        if isinstance(text, Message):
            return self(text.text, **text.values)
        translated = self.gettext(text) if text else ""  # gettext translates "" to the catalog's header
        if not values:
            return translated
        return translated.format(**{k: self.marked(v) if isinstance(v, str) else v for k, v in values.items()})

    def marked(self, text: str) -> str:
        """A text that may come from the user: translated only if it is marked."""
        return self(text) if isinstance(text, Message) else text

    def counted(self, singular: str, plural: str, count: int) -> str:
        """`1 head` or `2 heads`: the text for a count, with the count in place of {count}."""
        return self.ngettext(singular, plural, count).format(count=count)


ENGLISH = Say()


def language(choice: str | None = None) -> Say:
    """The language of that name in LANGUAGES. None: that of the locale, by LANGUAGE, LC_ALL, LC_MESSAGES or LANG;
    English where there is no translation into it."""
    from gettext import GNUTranslations, find

    catalog = find(DOMAIN, str(LOCALE), None if choice is None else [choice])
    if catalog is None:
        return ENGLISH
    with open(catalog, "rb") as file:
        translations = GNUTranslations(file)
    return Say(translations.gettext, translations.ngettext, Path(catalog).parents[1].name)
