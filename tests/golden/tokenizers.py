"""Vocabularies in the files that were usual before tokenizer.json."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

TEXT = "The cat's hat, the  cat's mat!\nNo: 12 naïve 猫がいた🙂 <|endoftext|>The end."
TEXTS = [
    TEXT,
    " The cats",
    "the  cat\tsat ",
    "THE CAT, the Élan's e\u0301lan",
    "猫猫が the猫 🙂🏽",
    "[CLS] cats [MASK].",
    "<s>The <mask> sat </s>",
]
PIECES = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "sat", "ran", "on", "mat", ".", ",", "!",
    "e", "##lan", "el", "##an", "猫", "##ing", "a", "b", "c", "d", "##a", "##b", "'", "he", "she", "it",
]  # fmt: skip


def write_byte_pairs(folder: Path) -> None:
    """GPT-2's vocab.json and merges.txt: 256 bytes, the pairs that are frequent in TEXT, one special token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=299, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    tokenizer.model.save(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    vocabulary["<|endoftext|>"] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}\n')


def write_surrounded_pairs(folder: Path) -> None:
    """RoBERTa's vocab.json and merges.txt; that its tokenizer is RoBERTa's, only config.json says."""
    write_byte_pairs(folder)
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    del vocabulary["<|endoftext|>"]
    for name in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"):
        vocabulary[name] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "tokenizer_config.json").unlink()


def write_stripping_pairs(folder: Path) -> None:
    """The same with settings, by which the mask takes the space before it."""
    write_surrounded_pairs(folder)
    mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False}
    settings = {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True, "mask_token": mask}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings) + "\n")


def write_word_pieces(folder: Path) -> None:
    """BERT's vocab.txt."""
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}\n')


def write_surrounded_pieces(folder: Path) -> None:
    """MPNet's vocab.txt."""
    pieces = ["<s>", "<pad>", "</s>", "<mask>", *(p for p in PIECES if p not in ("[PAD]", "[CLS]", "[SEP]"))]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "MPNetTokenizer"}\n')


def write_closed_words(folder: Path) -> None:
    """A tokenizer.json of whole words that closes every text with </s>, as T5's does."""
    words = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", *PIECES[5:]])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"} | special) + "\n"
    )


def write_opened_words(folder: Path) -> None:
    """The same, with <s> before every text, as BART's does."""
    write_closed_words(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(["<s>"])
    begin = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
