"""Reading the tokenizer of a checkpoint's folder: tokenizer.json, vocab.json + merges.txt, or vocab.txt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attncli.errors import AttnError, reason_of
from attncli.files import check_whole_start, json_object, read_bytes
from attncli.language import N_
from attncli.text.tokenization import Tokenizer, from_library

if TYPE_CHECKING:
    import tokenizers


def open_tokenizer(path: Path) -> Tokenizer | None:
    """The tokenizer of a folder or file: tokenizer.json, vocab.json + merges.txt, or vocab.txt.

    None for a folder that has none of them. Raises AttnError for a file that cannot be read as a tokenizer.
    """
    folder = path if path.is_dir() else path.parent
    candidates = [path] if path.is_file() else [folder / n for n in ("tokenizer.json", "vocab.json", "vocab.txt")]
    for file in candidates:
        if not file.exists():
            continue
        check_whole_start(file)
        try:
            tokenizer = _read(file, folder)
        except Exception as error:
            # The library raises bare Exception for a malformed file
            if not isinstance(error, OSError | ValueError) and type(error) is not Exception:
                raise
            raise AttnError(
                N_("{file} cannot be read as a tokenizer: {error}", file=file, error=reason_of(error)),
                N_("Copy it again, or name another: --tokenizer PATH"),
            ) from error
        if tokenizer is None:
            continue
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return from_library(tokenizer)
    if path.is_file():
        raise AttnError(
            N_("{path} is not a tokenizer: the file must be tokenizer.json, vocab.json or vocab.txt.", path=path)
        )
    return None


def tokenizer_kind(folder: Path) -> str | None:
    """The kind of a folder's tokenizer and its files, without reading the vocabulary; None for a folder that has
    none that `open_tokenizer` can read."""
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
    """GPT-2's tokenizer from its two files; or RoBERTa's, which also puts <s> and </s> around the text."""
    from tokenizers import Tokenizer as LibraryTokenizer
    from tokenizers import decoders, models, pre_tokenizers, processors

    settings = _settings(folder)
    tokenizer = LibraryTokenizer(models.BPE.from_file(str(vocab), str(merges)))
    space_first = bool(settings.get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space_first)
    tokenizer.decoder = decoders.ByteLevel()
    if _tokenizer_class(settings, folder) in ("roberta", "bart", "longformer", "led"):
        _surround(tokenizer, settings)
        _add_special(tokenizer, settings, ["<s>", "</s>", "<pad>", "<unk>", "<mask>"])
        return tokenizer
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    _add_special(tokenizer, settings, ["<|endoftext|>"])
    return tokenizer


def _surround(tokenizer: tokenizers.Tokenizer, settings: dict[str, Any]) -> None:
    """Adds special tokens as RoBERTa does: <s> text </s>, or <s> text </s></s> pair </s>, all in one segment."""
    from tokenizers import processors

    cls, sep = _token(settings.get("cls_token"), "<s>"), _token(settings.get("sep_token"), "</s>")
    first, last = ((name, _id_of(tokenizer, name)) for name in (cls, sep))
    tokenizer.post_processor = processors.RobertaProcessing(last, first, trim_offsets=False)


def _id_of(tokenizer: tokenizers.Tokenizer, name: str) -> int:
    token_id: int | None = tokenizer.token_to_id(name)
    if token_id is None:
        raise ValueError(N_("it has no token {name}", name=name))
    return token_id


def _word_pieces(vocab: Path, folder: Path) -> tokenizers.Tokenizer:
    """BERT's tokenizer from its list of word pieces (Devlin et al. 2018; Wu et al. 2016); or MPNet's, which puts
    other special tokens around the text."""
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
    if _tokenizer_class(settings, folder) == "mpnet":
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
    """The settings of special_tokens_map.json and tokenizer_config.json; the latter win."""
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            settings |= json_object(read_bytes(folder / name), folder / name)
    return settings


def _tokenizer_class(settings: dict[str, Any], folder: Path) -> str:
    """The class of the tokenizer in lower case, such as `roberta` for RobertaTokenizerFast; where the settings do
    not name it, the model_type of config.json."""
    import orjson

    name = str(settings.get("tokenizer_class") or "").removesuffix("Fast").removesuffix("Tokenizer")
    if not name and (folder / "config.json").exists():
        fields = orjson.loads(read_bytes(folder / "config.json"))
        name = str(fields.get("model_type")) if isinstance(fields, dict) else ""
    return name.lower()


def _token(setting: Any, default: str) -> str:
    """The text of a special token, which the settings give as text or as an object."""
    content = setting.get("content") if isinstance(setting, dict) else setting
    return content if isinstance(content, str) else default


def _add_special(
    tokenizer: tokenizers.Tokenizer, settings: dict[str, Any], usual: Sequence[str], stripping: Sequence[str] = ()
) -> None:
    """Adds the special tokens that the vocabulary has, so that they are matched whole in the text. Those of
    `stripping` include the space before them, unless the settings say otherwise."""
    from tokenizers import AddedToken

    flags_of: dict[str, dict[str, Any]] = {name: {"lstrip": name in stripping} for name in usual}
    for key, value in settings.items():
        if key.endswith("_token") and (name := _token(value, "")):
            flags_of[name] = value if isinstance(value, dict) else flags_of.get(name, {})
    tokenizer.add_special_tokens(
        [
            AddedToken(name, lstrip=bool(flags.get("lstrip")), rstrip=bool(flags.get("rstrip")))
            for name, flags in flags_of.items()
            if tokenizer.token_to_id(name) is not None
        ]
    )
