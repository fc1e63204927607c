"""The Japanese catalogue has one style: the terms of the glossary in attncli/locale/ja, polite sentences, captions
that end in a noun, Japanese punctuation, and a space between Japanese and Latin text only."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import translations  # noqa: E402

JAPANESE = "ぁ-ゖァ-ヺー々一-鿿"
FULL_WIDTH = "、。「」（）／＋〜？！"

TEXTS = {
    message.id if isinstance(message.id, str) else message.id[1]: (
        message.string if isinstance(message.string, str) else message.string[0]
    )
    for message in translations.catalog("ja")
    if message.id
}
JAPANESE_VALUES = {
    "axis", "block", "columns", "description", "each", "fact", "following", "found", "grouping", "heads", "keys",
    "kind", "layers", "listed", "meaning", "other", "rows", "side", "stack", "text", "trait", "value", "weights",
    "what", "whose",
}  # fmt: skip
"""Names of values that may themselves be Japanese, so that no space need stand beside them."""


def where(pattern: str) -> list[tuple[str, str]]:
    """The translations in which a pattern occurs, with their English texts."""
    return [(english, said) for english, said in TEXTS.items() if re.search(pattern, said)]


def plain(text: str) -> str:
    """A translation with X for each of its values."""
    return re.sub(r"\{[^}]*\}", "X", text)


# ------------------------------------------------------------------ terms

REPLACED = {
    "アテンション": "注意、注意機構",
    "因果的": "因果マスクあり",
    "回転位置(?!エンコーディング)": "回転位置エンコーディング（RoPE）",
    "正弦波位置(?!エンコーディング)": "正弦波位置エンコーディング",
    "見てはならない": "参照できない位置（マスク済み）",
    "許されない": "マスク済み",
    "非数|数ではない": "NaN",
    "この機械|このコンピュータ": "この環境",
    "シードから作った": "乱数シードで初期化した",
    "演算回数": "演算量",
    "余り": "未使用",
    "拒否": "非対応",
    "前置|後置": "Pre-Norm、Post-Norm",
    "最後の層が残すもの": "最終層の出力（正規化後）",
    "注目": "注意を向ける",
    "トークナイザー|エンコーダー|デコーダー": "トークナイザ、エンコーダ、デコーダ",
    "ベクトルの長さ": "ベクトルのノルム",
}


@pytest.mark.parametrize("term", REPLACED)
def test_a_replaced_term_is_nowhere(term: str) -> None:
    assert where(term) == [], f"say {REPLACED[term]}"


GLOSSARY = dict(
    re.findall(
        r"^\| ([^|]+) \| ([^|]+) \|$", (translations.LOCALE / "ja/GLOSSARY.md").read_text("utf-8"), re.MULTILINE
    )
)
ONE_MEANING = (
    "cross-attention", "self-attention", "attention weights", "residual stream", "feed-forward", "expert", "token",
    "embedding", "vocabulary", "tokenizer", "checkpoint", "seeded weights", "causal", "encoder", "decoder",
    "this machine", "sequential steps",
)  # fmt: skip
"""The terms that mean the same in every message."""


@pytest.mark.parametrize("term", ONE_MEANING)
def test_a_term_is_translated_as_the_glossary_says(term: str) -> None:
    known = [re.sub("（.*", "", word) for word in GLOSSARY[term].split("、")]
    written = f"[{term[0]}{term[0].upper()}]{term[1:]}"
    word = re.compile(
        rf"(?<![\w./{{-]){written}s?(?![\w./}}-])(?<!--attention encoder)(?<!attn tokens)(?<!map, tokens)",
        re.ASCII,
    )
    found = {english: said for english, said in TEXTS.items() if word.search(english)}
    assert found
    for english, said in found.items():
        assert any(japanese in said for japanese in known), (english, said)


def test_self_attention_is_named_as_in_lecture_notes() -> None:
    sentences = [said for english, said in where("自己注意") if "Vaswani" in english]
    assert sentences
    assert all("自己注意（Self-Attention）" in said for said in sentences)


# ------------------------------------------------------------------ style

POLITE = re.compile(r"(です|ます|ません|でした|ました|ください|ですか)$")


def test_sentences_are_polite() -> None:
    for english, said in TEXTS.items():
        for sentence in re.split("(?<=。)", said)[:-1]:
            bare = re.sub("（[^（）]*）。$|。$", "", plain(sentence))
            assert POLITE.search(bare), (english, said)


BUTTONS = {"Close"}


def test_captions_end_in_a_noun_and_not_in_a_full_stop() -> None:
    for english, said in TEXTS.items():
        if english in BUTTONS:
            continue
        ending = re.sub("（[^（）]*）$", "", plain(said).rpartition("。")[2])
        assert POLITE.search(ending) or not re.search("[うくぐすつぬぶむる]$", ending), (english, said)


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("one kind of punctuation", rf"[{JAPANESE}][,;.!?()]|[,;] ?[{JAPANESE}]|[，．；：！]|[()][{JAPANESE}]"),
        ("no space between Japanese words", rf"[{JAPANESE}] +[{JAPANESE}]|\u3000"),
        ("no space beside Japanese punctuation", rf" [{FULL_WIDTH}]|[{FULL_WIDTH}] "),
        ("a space between Japanese and Latin", rf"[{JAPANESE}][A-Za-z0-9√Σ‖-]|[A-Za-z0-9√Σ‖%][{JAPANESE}]"),
        ("one space", r"\S  +\S"),
        ("a space after a colon", rf"[{JAPANESE}]:(?! |$)"),
    ],
)
def test_punctuation_and_spaces_follow_one_rule(rule: str, pattern: str) -> None:
    assert where(pattern) == [], rule


def test_a_space_stands_between_japanese_and_a_value_that_is_not_japanese() -> None:
    for english, said in TEXTS.items():
        for before, name, after in re.findall(rf"([{JAPANESE}]?)\{{(\w+)[^}}]*\}}(?=([{JAPANESE}]?))", said):
            assert not (before or after) or name in JAPANESE_VALUES, (english, said)


def test_brackets_are_balanced() -> None:
    for english, said in TEXTS.items():
        assert [said.count(c) for c in "（「"] == [said.count(c) for c in "）」"], (english, said)
