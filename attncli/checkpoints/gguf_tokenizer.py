"""The tokenizer in the metadata of a GGUF file, built with the `tokenizers` library: byte-level BPE (`gpt2`) with
the pre-tokenizer that its merges were learned with, or SentencePiece's BPE with scores (`llama`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attncli.checkpoints.gguf_file import GgufFile
from attncli.errors import AttnError, reason_of
from attncli.language import N_
from attncli.text.tokenization import Tokenizer, from_library, without_tokenizer

if TYPE_CHECKING:
    import tokenizers

_KEY = "tokenizer.ggml."
_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6
"""Values of tokenizer.ggml.token_type."""

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
class _PreTokenizer:
    """How text is split before pairs are merged: by each pattern in turn. `whole_first`: a piece that is a token
    is taken whole, without merging. `bos`: whether a beginning-of-text token is added where the file does not
    say."""

    patterns: tuple[str, ...]
    nfc: bool = False
    whole_first: bool = False
    bos: bool = False


_THREE_DIGITS, _DIGIT = r"\p{N}{1,3}", r"\p{N}"
_LLAMA3 = _PreTokenizer((_words_and(_THREE_DIGITS),), whole_first=True, bos=True)
_PRE_TOKENIZERS = {
    "gpt-2": _PreTokenizer((_GPT2,)),
    **dict.fromkeys(("llama-bpe", "llama3", "llama-v3"), _LLAMA3),
    **dict.fromkeys(("dbrx", "smaug-bpe"), _PreTokenizer((_words_and(_THREE_DIGITS),))),
    "qwen2": _PreTokenizer((_words_and(_DIGIT),), nfc=True),
    "deepseek-r1-qwen": _PreTokenizer((_words_and(_DIGIT),)),
    **dict.fromkeys(("smollm", "starcoder", "refact"), _PreTokenizer((_DIGIT, _GPT2))),
    "tekken": _PreTokenizer((_cased_words("", _DIGIT),), whole_first=True, bos=True),
    "gpt-4o": _PreTokenizer((_cased_words(f"{_CONTRACTIONS}?", _THREE_DIGITS),)),
}
"""tokenizer.ggml.pre -> how text is split, as in the tokenizer.json of the models that it is named after."""


def tokenizer_of(file: GgufFile) -> Tokenizer:
    """The tokenizer of the file. For an unknown kind, one that takes only ids.

    Raises AttnError if no tokenizer can be built from the metadata.
    """
    kind, pre = file.get(f"{_KEY}model"), file.get(f"{_KEY}pre")
    if kind == "gpt2" and pre is None and file.get("general.architecture") == "gpt2":
        pre = "gpt-2"
    known = kind == "llama" or (kind == "gpt2" and pre in _PRE_TOKENIZERS)
    if not known:
        names = ", ".join(_PRE_TOKENIZERS)
        supported = (
            N_(
                "gpt2 with one of {names}, or llama; this one is {kind!r} with {pre!r}",
                names=names,
                kind=kind,
                pre=pre,
            )
            if kind == "gpt2"
            else N_("gpt2 with one of {names}, or llama; this one is {kind!r}", names=names, kind=kind)
        )
        return without_tokenizer(str(file.path), supported)
    try:
        tokenizer = _byte_pairs(file, _PRE_TOKENIZERS[pre]) if kind == "gpt2" else _scored_pairs(file)
    except Exception as error:
        # the library raises bare Exception for a vocabulary that does not fit
        if type(error) is not Exception and not isinstance(error, ValueError | TypeError | IndexError):
            raise
        raise AttnError(
            N_(
                "{path}: no tokenizer can be built from its metadata: {error}",
                path=file.path,
                error=reason_of(error),
            )
        ) from error
    return from_library(tokenizer)


def _byte_pairs(file: GgufFile, pre: _PreTokenizer) -> tokenizers.Tokenizer:
    from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers
    from tokenizers import Tokenizer as LibraryTokenizer

    tokens = _list(file, "tokens")
    merges = [_pair(merge) for merge in _list(file, "merges")]
    ids = {token: i for i, token in enumerate(tokens)}
    tokenizer = LibraryTokenizer(models.BPE(ids, merges, ignore_merges=pre.whole_first))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in pre.patterns),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    if pre.nfc:
        tokenizer.normalizer = normalizers.NFC()
    return _finished(file, tokenizer, tokens, pre.bos)


def _pair(merge: str) -> tuple[str, str]:
    left, right = merge.split(" ")
    return left, right


def _scored_pairs(file: GgufFile) -> tokenizers.Tokenizer:
    """SentencePiece's byte-pair encoding (Kudo & Richardson 2018): of all neighboring pieces, the two whose union
    has the best score are joined first. A character that is no token becomes its bytes."""
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import models, normalizers

    tokens, scores = _list(file, "tokens"), list(file.get(f"{_KEY}scores", ()))
    if file.get("general.architecture") == "gemma":
        # Gemma's merges follow the order of its tokens, not its scores; runs of spaces are stored as spaces
        scores = [-i for i in range(len(tokens))]
        tokens = ["▁" * len(t) if t and not t.strip(" ") else t for t in tokens]
    if len(scores) != len(tokens):
        raise ValueError(N_("it has {tokens} tokens but {scores} scores", tokens=len(tokens), scores=len(scores)))
    kinds = _kinds(file, tokens)
    unknown = next((t for t, kind in zip(tokens, kinds, strict=True) if kind == _UNKNOWN), None)
    tokenizer = LibraryTokenizer(
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
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces]) if first else spaces
    return _finished(file, tokenizer, tokens, bos=True)


def _merges(tokens: Sequence[str], scores: Sequence[float], kinds: Sequence[int]) -> list[tuple[str, str]]:
    """Every way to join two tokens into a third, best score first; of equal scores, the longer left token
    first."""
    usable = {t for t, kind in zip(tokens, kinds, strict=True) if kind not in (_UNKNOWN, _CONTROL, _BYTE)}

    def pairs() -> Iterator[tuple[float, str, str]]:
        for token, score in zip(tokens, scores, strict=True):
            if token in usable:
                for i in range(1, len(token)):
                    if token[:i] in usable and token[i:] in usable:
                        yield score, token[:i], token[i:]

    ordered = sorted(pairs(), key=lambda pair: (pair[0], len(pair[1]), len(pair[2])), reverse=True)
    return [(left, right) for _, left, right in ordered]


def _finished(
    file: GgufFile, tokenizer: tokenizers.Tokenizer, tokens: Sequence[str], bos: bool
) -> tokenizers.Tokenizer:
    """Adds the tokens that are matched whole in the text, and those that begin and end a text."""
    from tokenizers import AddedToken, processors

    kinds = _kinds(file, tokens)
    tokenizer.add_tokens(
        [
            AddedToken(token, normalized=False, special=kind == _CONTROL)
            for token, kind in zip(tokens, kinds, strict=True)
            if kind in (_CONTROL, _USER_DEFINED) and token.strip("▁")
        ]
    )
    before = _end(file, tokens, "bos", bos)
    after = _end(file, tokens, "eos", False)
    if before or after:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=[*(name for name, _ in before), "$A", *(name for name, _ in after)],
            pair=[*(name for name, _ in before), "$A", *(f"{name}:1" for name, _ in before), "$B:1",
                  *(f"{name}:1" for name, _ in after)],
            special_tokens=list(dict.fromkeys([*before, *after])),
        )  # fmt: skip
    return tokenizer


def _end(file: GgufFile, tokens: Sequence[str], name: str, default: bool) -> list[tuple[str, int]]:
    """The token that begins (bos) or ends (eos) every text, with its id; empty where none is added."""
    if not file.get(f"{_KEY}add_{name}_token", default):
        return []
    number = file.get(f"{_KEY}{name}_token_id")
    if not isinstance(number, int):
        raise ValueError(N_("it adds a token, but its id {field} is missing", field=f"{_KEY}{name}_token_id"))
    return [(tokens[number], number)]


def _list(file: GgufFile, name: str) -> list[str]:
    values: Any = file.get(f"{_KEY}{name}")
    if not isinstance(values, list):
        raise ValueError(N_("{field} is missing or not a list of texts", field=f"{_KEY}{name}"))
    return values


def _kinds(file: GgufFile, tokens: Sequence[str]) -> list[int]:
    kinds: Any = file.get(f"{_KEY}token_type")
    if kinds is None or len(kinds) != len(tokens):
        raise ValueError(
            N_("{field} does not give a type for each of the {tokens} tokens",
               field=f"{_KEY}token_type", tokens=len(tokens))
        )  # fmt: skip
    return [int(kind) for kind in kinds]
