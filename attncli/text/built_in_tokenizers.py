"""The tokenizers that need no file: words, characters and bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attncli.errors import UsageError
from attncli.language import N_
from attncli.text.tokenization import Tokenizer, byte_alphabet, from_library, opaque_ids
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    import tokenizers

BUILT_IN = ("words", "chars", "bytes")

_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}ー々〆]\p{M}*"
_LETTER = r"(?![\p{Han}\p{Hiragana}\p{Katakana}ー々〆])[\p{L}\p{N}\p{M}_]"
WORD_PATTERN = rf"{_ALONE}|(?:{_LETTER})+(?:['’](?:{_LETTER})+)*|(?!\s)\X"
"""A word: a single ideograph or kana; or a run of letters and digits, with apostrophes inside; or one other
visible character with its combining marks (punctuation, emoji)."""


def built_in(kind: str) -> Tokenizer:
    """The tokenizer of a kind: `words`, `chars` (grapheme clusters) or `bytes`. The vocabulary of words and of
    chars is open: it consists of those in the text."""
    if kind == "bytes":
        return from_library(_byte_tokenizer())
    return Tokenizer(_open_encoder(kind), opaque_ids)


def _open_encoder(kind: str) -> Callable[[str, str | None, bool, int | None], Tokens]:
    from tokenizers import Regex, pre_tokenizers

    pattern = WORD_PATTERN if kind == "words" else r"\X"
    splitter = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)

    def encode(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        if pair is not None:
            raise UsageError(
                N_("seeded weights take one segment: --pair needs a model with segments, such as BERT.")
            )
        words = splitter.pre_tokenize_str(text)[:limit]
        vocabulary = tuple(dict.fromkeys(word for word, _ in words))
        id_of = {word: i for i, word in enumerate(vocabulary)}
        return Tokens(
            ids=tuple(id_of[word] for word, _ in words),
            texts=tuple(word for word, _ in words),
            spans=tuple(span for _, span in words),
            types=(0,) * len(words),
            vocabulary=vocabulary,
            word=lambda i: vocabulary[i] if i < len(vocabulary) else f"<{i}>",
        )

    return encode


def _byte_tokenizer() -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import decoders, models, pre_tokenizers

    tokenizer = LibraryTokenizer(models.BPE(vocab=byte_alphabet(), merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
