"""The tokenizer in a GGUF file's metadata, built with the `tokenizers` library: byte-level pairs (`gpt2`) with the
ways of cutting text that its merges were learned on, or SentencePiece's pairs with scores (`llama`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attncli.checkpoints.gguf_file import GgufFile
from attncli.errors import AttnError
from attncli.text.tokenization import Tokenizer, from_library, without_tokenizer

if TYPE_CHECKING:
    import tokenizers

_KEY = "tokenizer.ggml."
_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6
"""Kinds of tokens, of tokenizer.ggml.token_type."""

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


def _words_and(digits: str) -> str:
    return rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_REST}"


def _cased_words(ending: str, digits: str) -> str:
    before = r"[^\r\n\p{L}\p{N}]?"
    words = f"{before}{_UPPER}*{_LOWER}+{ending}|{before}{_UPPER}+{_LOWER}*{ending}"
    return rf"{words}|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_REST}"


@dataclass(frozen=True)
class _Cut:
    """How text is cut before pairs are merged: by each pattern in turn. `whole_first`: a piece that is a token is
    not made by merging. `bos`: whether a beginning is added where the file does not say."""

    patterns: tuple[str, ...]
    nfc: bool = False
    whole_first: bool = False
    bos: bool = False


_THREE_DIGITS, _DIGIT = r"\p{N}{1,3}", r"\p{N}"
_LLAMA3 = _Cut((_words_and(_THREE_DIGITS),), whole_first=True, bos=True)
_CUTS = {
    "gpt-2": _Cut((_GPT2,)),
    **dict.fromkeys(("llama-bpe", "llama3", "llama-v3"), _LLAMA3),
    **dict.fromkeys(("dbrx", "smaug-bpe"), _Cut((_words_and(_THREE_DIGITS),))),
    "qwen2": _Cut((_words_and(_DIGIT),), nfc=True),
    "deepseek-r1-qwen": _Cut((_words_and(_DIGIT),)),
    **dict.fromkeys(("smollm", "starcoder", "refact"), _Cut((_DIGIT, _GPT2))),
    "tekken": _Cut((_cased_words("", _DIGIT),), whole_first=True, bos=True),
    "gpt-4o": _Cut((_cased_words(f"{_CONTRACTIONS}?", _THREE_DIGITS),)),
}
"""tokenizer.ggml.pre -> how the text is cut, as in the tokenizer.json of the models that it is named after."""


def tokenizer_of(file: GgufFile) -> Tokenizer:
    """The file's tokenizer; one that refuses all but ids for a kind that is not known.

    Raises AttnError for metadata that makes no tokenizer.
    """
    kind, cut = file.get(f"{_KEY}model"), file.get(f"{_KEY}pre")
    if kind == "gpt2" and cut is None and file.get("general.architecture") == "gpt2":
        cut = "gpt-2"
    known = kind == "llama" or (kind == "gpt2" and cut in _CUTS)
    if not known:
        named = f"gpt2 with one of {', '.join(_CUTS)}, or llama; this one is {kind!r}"
        return without_tokenizer(str(file.path), named + (f" with {cut!r}" if kind == "gpt2" else ""))
    try:
        made = _byte_pairs(file, _CUTS[cut]) if kind == "gpt2" else _scored_pairs(file)
    except (ValueError, TypeError, IndexError) as error:
        raise AttnError(f"{file.path}: its metadata makes no tokenizer: {error}") from error
    except Exception as error:
        if type(error) is not Exception:  # the library raises bare Exception for a vocabulary that does not fit
            raise
        raise AttnError(f"{file.path}: its metadata makes no tokenizer: {error}") from error
    return from_library(made)


def _byte_pairs(file: GgufFile, cut: _Cut) -> tokenizers.Tokenizer:
    from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers
    from tokenizers import Tokenizer as LibraryTokenizer

    tokens = _list(file, "tokens")
    merges = [_pair(merge) for merge in _list(file, "merges")]
    numbered = {token: i for i, token in enumerate(tokens)}
    made = LibraryTokenizer(models.BPE(numbered, merges, ignore_merges=cut.whole_first))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in cut.patterns),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    if cut.nfc:
        made.normalizer = normalizers.NFC()
    return _finished(file, made, tokens, cut.bos)


def _pair(merge: str) -> tuple[str, str]:
    left, right = merge.split(" ")
    return left, right


def _scored_pairs(file: GgufFile) -> tokenizers.Tokenizer:
    """SentencePiece's byte-pair encoding (Kudo & Richardson 2018): of all neighbours, those are joined first whose
    whole has the best score; a character that is no token becomes its bytes."""
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import models, normalizers

    tokens, scores = _list(file, "tokens"), list(file.get(f"{_KEY}scores", ()))
    if file.get("general.architecture") == "gemma":
        # Gemma's scores are not in the order of its merges, its tokens are; runs of spaces are stored as spaces
        scores = [-i for i in range(len(tokens))]
        tokens = ["▁" * len(t) if t and not t.strip(" ") else t for t in tokens]
    if len(scores) != len(tokens):
        raise ValueError(f"it has {len(tokens)} tokens and {len(scores)} scores")
    kinds = _kinds(file, tokens)
    unknown = next((t for t, kind in zip(tokens, kinds, strict=True) if kind == _UNKNOWN), None)
    made = LibraryTokenizer(
        models.BPE(
            {token: i for i, token in enumerate(tokens)},
            _merges(tokens, scores, kinds),
            unk_token=unknown,
            fuse_unk=True,
            byte_fallback=_BYTE in kinds,
        )
    )
    spaces = normalizers.Replace(" ", "▁")
    first = file.get(f"{_KEY}add_space_prefix", True)
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces]) if first else spaces
    return _finished(file, made, tokens, bos=True)


def _merges(tokens: Sequence[str], scores: Sequence[float], kinds: Sequence[int]) -> list[tuple[str, str]]:
    """Every way to join two tokens to a third, best score first; of the same score, the longer left part first."""
    usable = {t for t, kind in zip(tokens, kinds, strict=True) if kind not in (_UNKNOWN, _CONTROL, _BYTE)}

    def ways() -> Iterator[tuple[float, str, str]]:
        for token, score in zip(tokens, scores, strict=True):
            if token in usable:
                for i in range(1, len(token)):
                    if token[:i] in usable and token[i:] in usable:
                        yield score, token[:i], token[i:]

    ordered = sorted(ways(), key=lambda way: (way[0], len(way[1]), len(way[2])), reverse=True)
    return [(left, right) for _, left, right in ordered]


def _finished(
    file: GgufFile, made: tokenizers.Tokenizer, tokens: Sequence[str], bos: bool
) -> tokenizers.Tokenizer:
    """Adds the tokens that are found whole in the text, and those that begin and end it."""
    from tokenizers import AddedToken, processors

    kinds = _kinds(file, tokens)
    made.add_tokens(
        [
            AddedToken(token, normalized=False, special=kind == _CONTROL)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind in (_CONTROL, _USER_DEFINED) and token.strip("▁")
        ]
    )
    before = _end(file, tokens, "bos", bos)
    after = _end(file, tokens, "eos", False)
    if before or after:
        made.post_processor = processors.TemplateProcessing(
            single=[*(name for name, _ in before), "$A", *(name for name, _ in after)],
            pair=[*(name for name, _ in before), "$A", *(f"{name}:1" for name, _ in before), "$B:1",
                  *(f"{name}:1" for name, _ in after)],
            special_tokens=list(dict.fromkeys([*before, *after])),
        )  # fmt: skip
    return made


def _end(file: GgufFile, tokens: Sequence[str], name: str, default: bool) -> list[tuple[str, int]]:
    """The token that begins (bos) or ends (eos) a text, and its id, where one is to be added."""
    if not file.get(f"{_KEY}add_{name}_token", default):
        return []
    number = file.get(f"{_KEY}{name}_token_id")
    if not isinstance(number, int):
        raise ValueError(f"it adds a token whose id, {_KEY}{name}_token_id, is missing")
    return [(tokens[number], number)]


def _list(file: GgufFile, name: str) -> list[str]:
    values: Any = file.get(f"{_KEY}{name}")
    if not isinstance(values, list):
        raise ValueError(f"{_KEY}{name} is missing, or no list of texts")
    return values


def _kinds(file: GgufFile, tokens: Sequence[str]) -> list[int]:
    kinds: Any = file.get(f"{_KEY}token_type")
    if kinds is None or len(kinds) != len(tokens):
        raise ValueError(f"{_KEY}token_type does not give a kind for each of {len(tokens)} tokens")
    return [int(kind) for kind in kinds]
