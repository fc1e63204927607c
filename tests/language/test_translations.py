"""Every message of the source is translated into every language, and every text about the stages of the golden
models is shown in that language."""

from __future__ import annotations

import gettext
import re
import string
import sys
from functools import cache
from pathlib import Path

import pytest

import attncli
from attncli.language import LANGUAGES, LOCALE, Message, language
from attncli.model.describing import describe
from attncli.stages import context_of, entry_of, offered

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import translations  # noqa: E402

OTHERS = [name for name in LANGUAGES if name != "en"]
FOLDERS = sorted(file.parent for file in ROOT.glob("tests/golden/*/expected.safetensors"))


@cache
def translated(name: str) -> dict[str | tuple[str, ...], tuple[str, ...]]:
    """The messages of a .po with their translations."""
    found = translations.catalog(name)
    assert not [message.id for message in found if message.fuzzy]
    return {m.id: m.string if isinstance(m.string, tuple) else (m.string,) for m in found if m.id}


def test_the_languages_are_those_with_a_catalog() -> None:
    assert translations.languages() == sorted(LANGUAGES)


@pytest.mark.parametrize("name", OTHERS)
def test_every_message_of_the_source_is_translated_and_no_other(name: str) -> None:
    assert set(translated(name)) == {message.id for message in translations.source() if message.id}
    assert [m.id for m in translations.missing(translations.catalog(name))] == []


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_same_values_in_it(name: str) -> None:
    def values(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text)} - {None}

    for message, strings in translated(name).items():
        for text in strings:
            assert values(text) == values(message if isinstance(message, str) else message[1]), message


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_compiled_catalog_is_up_to_date(name: str) -> None:
    with (LOCALE / name / "LC_MESSAGES/attn.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message, strings in translated(name).items():
        if isinstance(message, str):
            assert compiled.gettext(message) == strings[0]
        else:
            assert tuple(dict.fromkeys(compiled.ngettext(*message, n) for n in range(1, 9))) == strings
    compiled_messages = {message if isinstance(message, str) else message[0] for message in compiled._catalog}  # type: ignore[attr-defined]
    assert compiled_messages == {m if isinstance(m, str) else m[0] for m in translated(name)} | {""}


def test_marks_are_found_where_babel_does_not_look() -> None:
    code = """f"{say('in an f-string')}"; N_("outer {a}", a=N_("inner")); options.say.counted("one", "many", n)"""
    assert sorted(translations.marked(code)) == [("in an f-string",), ("inner",), ("one", "many"), ("outer {a}",)]


# ------------------------------------------------------------------ texts about models

SYMBOLS = {
    "softmax", "concat", "rotate", "bucket", "clip", "tanh", "sin", "cos", "min", "max", "inf", "gelu", "silu",
    "relu", "swish", "LayerNorm", "RMSNorm", "ALiBi", "RoPE", "Pre", "Post", "Norm", "Cross", "Attention", "FFN",
    "pos", "key", "query", "segment", "encoder", "final",
}  # fmt: skip
"""Words that are mathematics or names in every language, or stand beside their translation."""


def english(text: str) -> set[str]:
    """The English words of a text, mathematics aside. A subscript after an underscore belongs to a symbol."""
    return set(re.findall(r"(?<![A-Za-z_])[A-Za-z]{3,}", re.sub(r"_\w+", "", text, flags=re.ASCII))) - SYMBOLS


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_texts_of_every_stage_are_in_the_language(name: str, folder: Path) -> None:
    spec, say = attncli.load_model(folder).spec, language(name)
    for stage in offered(spec):
        entry, context = entry_of(stage), context_of(spec, stage)
        meaning = entry.meaning_in(context)
        assert isinstance(meaning, Message), stage
        assert say(meaning) != meaning, stage
        for text in (meaning, entry.detail(context), entry.formula(context)):
            assert not english(say(text)), say(text)
        assert say(entry.formula(context)).startswith(f"{entry.symbol} = "), stage


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_traits_of_every_model_are_in_the_language(name: str, folder: Path) -> None:
    traits, say = describe(folder).traits, language(name)
    assert traits is not None
    texts = [
        *traits.everything_special,
        *(traits.of(trait) for trait in ("norm", "mask", "grouping", "feed_forward")),
    ]
    for text in [*texts, traits.positions, *(kind.numbers for stack in traits.stacks for kind in stack.kinds)]:
        assert not english(say(text)), text
