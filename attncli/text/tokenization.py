"""Text -> Tokens: the Tokenizer interface, and tokenizers of the `tokenizers` library behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from attncli.errors import AttnError, UsageError
from attncli.language import N_
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    import tokenizers


@dataclass(frozen=True)
class Tokenizer:
    """Turns text into Tokens: `encode(text, pair, special, limit)`. `pair`: a second text, or None. `special`:
    whether to add special tokens. `limit`: the most tokens, or None. `from_ids` gives the tokens of ids.

    `size` is the number of ids; None where the vocabulary is open (the words of the sentence) or not yet read.
    `name` is the vocabulary's own spelling of an id.
    """

    encode: Callable[[str, str | None, bool, int | None], Tokens]
    from_ids: Callable[[Sequence[int]], Tokens]
    size: int | None = None
    name: Callable[[int], str] = str


def without_tokenizer(
    source: str, supported: str = N_("tokenizer.json, vocab.json + merges.txt, or vocab.txt")
) -> Tokenizer:
    """For a checkpoint without a tokenizer of a supported kind: takes ids, and raises AttnError for text."""

    def refuse(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        raise AttnError(
            N_("{source} has no tokenizer that attn can read ({supported}).", source=source, supported=supported),
            N_("Pass --tokenizer PATH, or token ids with --ids."),
        )

    return Tokenizer(refuse, opaque_ids)


def deferred(opening: Callable[[], Tokenizer]) -> Tokenizer:
    """A tokenizer that is opened when it is first used: not every command needs it."""
    opened = cache(opening)
    return Tokenizer(
        lambda *arguments: opened().encode(*arguments),
        lambda ids: opened().from_ids(ids),
        name=lambda i: opened().name(i),
    )


IDS = 1 << 32
"""The ids of the library have 32 bits."""


def from_library(tokenizer: tokenizers.Tokenizer) -> Tokenizer:
    """A tokenizer of the `tokenizers` library as a Tokenizer."""
    readable = _reader(tokenizer)

    def name(i: int) -> str:
        spelling: str | None = tokenizer.id_to_token(i) if 0 <= i < IDS else None
        return f"<{i}>" if spelling is None else spelling

    def word(i: int) -> str:
        return readable(name(i))

    def encode(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        if limit is None:
            tokenizer.no_truncation()  # an earlier text may have set a limit
        else:
            try:
                tokenizer.enable_truncation(limit)
            except ValueError as error:
                raise UsageError(
                    N_("the model's {limit} positions have no room for text: {error}", limit=limit, error=error)
                ) from error
        try:
            encoding = tokenizer.encode(text, pair, add_special_tokens=special)
        except Exception as error:
            if type(error) is not Exception:  # the library raises bare Exception
                raise
            raise AttnError(
                N_("the tokenizer cannot encode this text: {error}", error=error),
                N_(
                    "Most often its vocabulary has no token for unknown words. Give another --tokenizer, or --ids."
                ),
            ) from error
        of_text = [sequence is not None for sequence in encoding.sequence_ids]
        return Tokens(
            ids=tuple(encoding.ids),
            texts=tuple(word(i) for i in encoding.ids),
            spans=tuple(span if own else None for span, own in zip(encoding.offsets, of_text, strict=True)),
            types=tuple(encoding.type_ids),
            word=word,
        )

    def from_ids(ids: Sequence[int]) -> Tokens:
        return _from_ids(ids, tuple(word(i) for i in ids), word)

    return Tokenizer(encode, from_ids, tokenizer.get_vocab_size(), name)


def opaque_ids(ids: Sequence[int]) -> Tokens:
    """Tokens of ids without a vocabulary: the text of each is its number."""
    return _from_ids(ids, tuple(map(str, ids)), str)


def _from_ids(ids: Sequence[int], texts: tuple[str, ...], word: Callable[[int], str]) -> Tokens:
    return Tokens(tuple(ids), texts, (None,) * len(ids), (0,) * len(ids), None, word)


# ------------------------------------------------------------------ reading the spelling of a vocabulary


@cache
def byte_alphabet() -> dict[str, int]:
    """The character that byte-level vocabularies write for each byte (GPT-2's table): printable Latin-1 stands for
    itself, the other bytes for the characters from U+0100 on, in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


def _reader(tokenizer: tokenizers.Tokenizer) -> Callable[[str], str]:
    """A function from the vocabulary's spelling of a token to its text. Byte-level spellings are decoded, with
    bytes that are no complete character as <0xE3>; other spellings are readable as they are."""
    if "ByteLevel" not in repr(tokenizer.decoder):
        return lambda name: name
    alphabet = byte_alphabet()
    added = {t.content for t in tokenizer.get_added_tokens_decoder().values()}

    def read(name: str) -> str:
        if name in added or not all(c in alphabet for c in name):
            return name
        raw = bytes(alphabet[c] for c in name)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return "".join(chr(b) if b < 0x80 else f"<0x{b:02X}>" for b in raw)

    return read
