"""Text -> Tokens, by the `tokenizers` library: a checkpoint's own tokenizer, or words, characters or bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attncli.errors import AttnError, UsageError
from attncli.files import read_bytes
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    import tokenizers

BUILT_IN = ("words", "chars", "bytes")

_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}ー々〆]\p{M}*"
_LETTER = r"(?![\p{Han}\p{Hiragana}\p{Katakana}ー々〆])[\p{L}\p{N}\p{M}_]"
WORD_PATTERN = rf"{_ALONE}|(?:{_LETTER})+(?:['’](?:{_LETTER})+)*|(?!\s)\X"
"""Each ideograph and kana by itself; else runs of letters and digits, apostrophes inside them included; else
one visible character with its combining marks (punctuation, emoji)."""


@dataclass(frozen=True)
class Tokenizer:
    """A way from text to Tokens. `encode(text, pair, special, limit)`; `from_ids` labels ids as they are.

    `size` is the number of ids, None where the vocabulary is open (the words of the sentence) or not yet
    read. `name` is the vocabulary's own spelling of an id.
    """

    encode: Callable[[str, str | None, bool, int | None], Tokens]
    from_ids: Callable[[Sequence[int]], Tokens]
    size: int | None = None
    name: Callable[[int], str] = str


def built_in(kind: str) -> Tokenizer:
    """`words`, `chars` (grapheme clusters) or `bytes`."""
    if kind == "bytes":
        return from_library(_byte_tokenizer())
    return Tokenizer(_open_encoder(kind), opaque_ids)


def without_tokenizer(
    source: str, known: str = "tokenizer.json, vocab.json + merges.txt, or vocab.txt"
) -> Tokenizer:
    """For a checkpoint that has none of the `known` kinds: ids can still be traced."""

    def refuse(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        raise AttnError(
            f"{source} has no tokenizer that attn reads ({known}).",
            "Pass --tokenizer PATH, or token ids with --ids.",
        )

    return Tokenizer(refuse, opaque_ids)


IDS = 1 << 32
"""The library's ids are numbers of 32 bits."""


def from_library(tokenizer: tokenizers.Tokenizer) -> Tokenizer:
    """Wraps a tokenizer of the `tokenizers` library."""
    readable = _reader(tokenizer)

    def name(i: int) -> str:
        spelling: str | None = tokenizer.id_to_token(i) if 0 <= i < IDS else None
        return f"<{i}>" if spelling is None else spelling

    def word(i: int) -> str:
        return readable(name(i))

    def encode(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        if limit is None:
            tokenizer.no_truncation()  # a text before this one may have been cut
        else:
            try:
                tokenizer.enable_truncation(limit)
            except ValueError as error:
                raise UsageError(f"the model's {limit} positions have no room for text: {error}") from error
        encoding = tokenizer.encode(text, pair, add_special_tokens=special)
        own = [s is not None for s in encoding.sequence_ids]
        return Tokens(
            ids=tuple(encoding.ids),
            texts=tuple(word(i) for i in encoding.ids),
            spans=tuple(span if mine else None for span, mine in zip(encoding.offsets, own, strict=True)),
            types=tuple(encoding.type_ids),
            word=word,
        )

    def from_ids(ids: Sequence[int]) -> Tokens:
        return _plain(ids, tuple(word(i) for i in ids), word)

    return Tokenizer(encode, from_ids, tokenizer.get_vocab_size(), name)


def deferred(opening: Callable[[], Tokenizer]) -> Tokenizer:
    """A tokenizer that is opened when it is first used: the answer may not need it."""
    opened = cache(opening)
    return Tokenizer(
        lambda *arguments: opened().encode(*arguments),
        lambda ids: opened().from_ids(ids),
        name=lambda i: opened().name(i),
    )


def open_tokenizer(path: Path) -> Tokenizer | None:
    """The tokenizer of a folder or file: tokenizer.json, vocab.json + merges.txt, or vocab.txt.

    None where a folder has none of them. Raises AttnError for a file that is not what it seems.
    """
    folder = path if path.is_dir() else path.parent
    candidates = [path] if path.is_file() else [folder / n for n in ("tokenizer.json", "vocab.json", "vocab.txt")]
    for file in candidates:
        if not file.exists():
            continue
        try:
            made = _read(file, folder)
        except (OSError, ValueError) as error:
            raise AttnError(f"{file}: not a tokenizer that can be read: {error}") from error
        except Exception as error:
            if type(error) is not Exception:  # the library raises bare Exception for a malformed file
                raise
            raise AttnError(f"{file}: not a tokenizer that can be read: {error}") from error
        if made is None:
            continue
        made.no_truncation()
        made.no_padding()
        return from_library(made)
    if path.is_file():
        raise AttnError(f"{path} is not a tokenizer: tokenizer.json, vocab.json or vocab.txt is needed.")
    return None


def kind_of(folder: Path) -> str | None:
    """What kind of tokenizer a folder has, and in which files, without reading the vocabulary; None: it has none
    that `open_tokenizer` reads."""
    file = folder / "tokenizer.json"
    if file.exists():
        kind = re.search(rb'"model"\s*:\s*\{\s*"type"\s*:\s*"(\w+)"', read_bytes(file))
        return f"{kind[1].decode()} (tokenizer.json)" if kind else "tokenizer.json"
    if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
        return "BPE (vocab.json, merges.txt)"
    return "WordPiece (vocab.txt)" if (folder / "vocab.txt").exists() else None


def _read(file: Path, folder: Path) -> tokenizers.Tokenizer | None:
    from tokenizers import Tokenizer as LibraryTokenizer

    if file.name == "vocab.txt":
        return _word_pieces(file, folder)
    if file.name == "vocab.json":
        merges = folder / "merges.txt"
        return _byte_pairs(file, merges, folder) if merges.exists() else None
    return LibraryTokenizer.from_file(str(file))


def _byte_pairs(vocab: Path, merges: Path, folder: Path) -> tokenizers.Tokenizer:
    """GPT-2's tokenizer from its two files, or RoBERTa's, which puts <s> and </s> around the text."""
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import decoders, models, pre_tokenizers, processors

    settings = _settings(folder)
    tokenizer = LibraryTokenizer(models.BPE.from_file(str(vocab), str(merges)))
    space_first = bool(settings.get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space_first)
    tokenizer.decoder = decoders.ByteLevel()
    if _kind(settings, folder) in ("roberta", "bart", "longformer", "led"):
        _surround(tokenizer, settings)
        _add_special(tokenizer, settings, ["<s>", "</s>", "<pad>", "<unk>", "<mask>"])
        return tokenizer
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    _add_special(tokenizer, settings, ["<|endoftext|>"])
    return tokenizer


def _surround(tokenizer: tokenizers.Tokenizer, settings: dict[str, Any]) -> None:
    """<s> text </s>, and <s> text </s></s> pair </s>, all of it one segment: RoBERTa."""
    from tokenizers import processors

    cls, sep = _token(settings.get("cls_token"), "<s>"), _token(settings.get("sep_token"), "</s>")
    first, last = ((name, _id_of(tokenizer, name)) for name in (cls, sep))
    tokenizer.post_processor = processors.RobertaProcessing(last, first, trim_offsets=False)


def _id_of(tokenizer: tokenizers.Tokenizer, name: str) -> int:
    found: int | None = tokenizer.token_to_id(name)
    if found is None:
        raise ValueError(f"it lacks the token {name}")
    return found


def _word_pieces(vocab: Path, folder: Path) -> tokenizers.Tokenizer:
    """BERT's tokenizer from its list of word pieces (Devlin et al. 2018; Wu et al. 2016), or MPNet's, which puts
    other tokens around the text."""
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

    settings = _settings(folder)
    cls, sep, unknown = (
        _token(settings.get(f"{n}_token"), d) for n, d in (("cls", "[CLS]"), ("sep", "[SEP]"), ("unk", "[UNK]"))
    )
    tokenizer = LibraryTokenizer(models.WordPiece.from_file(str(vocab), unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=bool(settings.get("do_lower_case", True)),
        strip_accents=settings.get("strip_accents"),
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    if _kind(settings, folder) == "mpnet":
        _surround(tokenizer, settings)
        _add_special(tokenizer, settings, ["<s>", "</s>", unknown, "<pad>", "<mask>"], stripping=["<mask>"])
        return tokenizer
    ids = [(name, _id_of(tokenizer, name)) for name in (cls, sep)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}", pair=f"{cls} $A {sep} $B:1 {sep}:1", special_tokens=ids
    )
    _add_special(tokenizer, settings, [cls, sep, unknown, "[PAD]", "[MASK]"])
    return tokenizer


def _settings(folder: Path) -> dict[str, Any]:
    from attncli.files import json_object

    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            settings |= json_object(read_bytes(folder / name), folder / name)
    return settings


def _kind(settings: dict[str, Any], folder: Path) -> str:
    """The tokenizer's class in small letters, `roberta` for RobertaTokenizerFast; where the files do not say it,
    the model's type."""
    import orjson

    named = str(settings.get("tokenizer_class") or "").removesuffix("Fast").removesuffix("Tokenizer")
    if not named and (folder / "config.json").exists():
        fields = orjson.loads(read_bytes(folder / "config.json"))
        named = str(fields.get("model_type")) if isinstance(fields, dict) else ""
    return named.lower()


def _token(setting: Any, default: str) -> str:
    """A special token is written as text, or as an object that holds it."""
    content = setting.get("content") if isinstance(setting, dict) else setting
    return content if isinstance(content, str) else default


def _add_special(
    tokenizer: tokenizers.Tokenizer, settings: dict[str, Any], usual: Sequence[str], stripping: Sequence[str] = ()
) -> None:
    """Makes the special tokens that the vocabulary has whole words of the text, as the reference does. Those of
    `stripping` take the space before them, unless the settings say otherwise."""
    from tokenizers import AddedToken

    how: dict[str, dict[str, Any]] = {name: {"lstrip": name in stripping} for name in usual}
    for key, value in settings.items():
        if key.endswith("_token") and (name := _token(value, "")):
            how[name] = value if isinstance(value, dict) else how.get(name, {})
    tokenizer.add_special_tokens(
        [
            AddedToken(name, lstrip=bool(flags.get("lstrip")), rstrip=bool(flags.get("rstrip")))
            for name, flags in how.items()
            if tokenizer.token_to_id(name) is not None
        ]
    )


# ------------------------------------------------------------------ open vocabularies


def _open_encoder(kind: str) -> Callable[[str, str | None, bool, int | None], Tokens]:
    from tokenizers import Regex, pre_tokenizers

    pattern = WORD_PATTERN if kind == "words" else r"\X"
    splitter = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)

    def encode(text: str, pair: str | None, special: bool, limit: int | None) -> Tokens:
        if pair is not None:
            raise UsageError("seeded weights take one segment: --pair needs a model with segments, such as BERT.")
        pieces = splitter.pre_tokenize_str(text)[:limit]
        vocabulary = tuple(dict.fromkeys(piece for piece, _ in pieces))
        number = {piece: i for i, piece in enumerate(vocabulary)}
        return Tokens(
            ids=tuple(number[piece] for piece, _ in pieces),
            texts=tuple(piece for piece, _ in pieces),
            spans=tuple(span for _, span in pieces),
            types=(0,) * len(pieces),
            vocabulary=vocabulary,
            word=lambda i: vocabulary[i] if i < len(vocabulary) else f"<{i}>",
        )

    return encode


def opaque_ids(ids: Sequence[int]) -> Tokens:
    """Ids whose words are not known: each is called by its number."""
    return _plain(ids, tuple(map(str, ids)), str)


def _plain(ids: Sequence[int], texts: tuple[str, ...], word: Callable[[int], str]) -> Tokens:
    return Tokens(tuple(ids), texts, (None,) * len(ids), (0,) * len(ids), None, word)


# ------------------------------------------------------------------ how a vocabulary's spelling reads


@cache
def _byte_alphabet() -> dict[str, int]:
    """The character by which byte-level vocabularies write each byte (GPT-2's table): printable Latin-1
    stands for itself, the other bytes for the characters from U+0100 on, in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


def _reader(tokenizer: tokenizers.Tokenizer) -> Callable[[str], str]:
    """Turns the vocabulary's spelling into text: byte-level names into the text of their bytes, with bytes
    that are no whole character as <0xE3>; other names are readable as they are."""
    if "ByteLevel" not in repr(tokenizer.decoder):
        return lambda name: name
    alphabet = _byte_alphabet()
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


def _byte_tokenizer() -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import decoders, models, pre_tokenizers

    tokenizer = LibraryTokenizer(models.BPE(vocab=_byte_alphabet(), merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
