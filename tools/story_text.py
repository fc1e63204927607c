"""The text of the story model: the books, their tokens, and the rows it is trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

START = "<s>"
VOCABULARY = 4096
HELD_OUT = 0.04  # of each book, its end


@dataclass(frozen=True)
class Text:
    """Token ids of one side of the split, with the places where paragraphs begin."""

    ids: NDArray[np.int64]
    paragraphs: NDArray[np.int64]


@dataclass(frozen=True)
class Mix:
    """The share of rows made of repeated random tokens, and of those made of repeated passages of text."""

    random: float
    passages: float


def read_books(folder: Path) -> tuple[list[str], list[str]]:
    """The books' paragraphs: what is trained on, and the last of each book, held out."""
    train: list[str] = []
    held_out: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        if path.name == "README.md":
            continue
        paragraphs = path.read_text(encoding="utf-8").splitlines(keepends=True)
        cut = _paragraph_at(paragraphs, 1 - HELD_OUT)
        train += paragraphs[:cut]
        held_out += paragraphs[cut:]
    return train, held_out


def train_tokenizer(paragraphs: list[str]) -> Tokenizer:
    """A byte-level BPE, as GPT-2's, whose every text begins with `<s>`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        paragraphs,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[START],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    start = tokenizer.token_to_id(START)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", pair=f"{START} $A $B", special_tokens=[(START, start)]
    )
    return tokenizer


def encode(tokenizer: Tokenizer, paragraphs: list[str]) -> Text:
    rows = [e.ids for e in tokenizer.encode_batch(paragraphs, add_special_tokens=False)]
    lengths = np.array([len(row) for row in rows])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Text(np.concatenate([np.array(row, dtype=np.int64) for row in rows]), starts.astype(np.int64))


def batch(
    text: Text, mix: Mix, rows: int, length: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of tokens, each after `<s>` (id 0), and which of them count as targets. Both [row, length]."""
    ids = np.zeros((rows, length), dtype=np.int64)
    counts = np.ones((rows, length), dtype=np.float32)
    for row, draw in enumerate(random.random(rows)):
        if draw < mix.random:
            ids[row, 1:], counts[row, 1:] = _repeated_tokens(length - 1, random)
        elif draw < mix.random + mix.passages:
            ids[row, 1:] = _repeated_passages(text, length - 1, random)
        else:
            ids[row, 1:] = _window(text, length - 1, random)
    return ids, counts


def _window(text: Text, length: int, random: np.random.Generator) -> NDArray[np.int64]:
    """A stretch of the books: three in four begin with a paragraph, the others anywhere."""
    start = random.choice(text.paragraphs) if random.random() < 0.75 else random.integers(len(text.ids))
    start = min(int(start), len(text.ids) - length)
    return text.ids[start : start + length]


def _repeated_tokens(length: int, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pieces of random tokens in random order; only what an earlier occurrence foretells counts as a target."""
    pieces = [random.integers(1, VOCABULARY, int(size)) for size in _sizes(random)]
    ids: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.float32]] = []
    seen: set[int] = set()
    while sum(map(len, ids)) < length:
        which = int(random.integers(len(pieces)))
        known = np.full(len(pieces[which]), which in seen, dtype=np.float32)
        known[0] = 0  # which piece comes next cannot be known
        seen.add(which)
        ids.append(pieces[which])
        counts.append(known)
    return np.concatenate(ids)[:length], np.concatenate(counts)[:length]


def _repeated_passages(text: Text, length: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Passages of the books, each heard more than once, so that names and phrases come back."""
    pieces = [_window(text, int(size), random) for size in _sizes(random)]
    ids: list[NDArray[np.int64]] = []
    while sum(map(len, ids)) < length:
        ids.append(pieces[int(random.integers(len(pieces)))])
    return np.concatenate(ids)[:length]


def _sizes(random: np.random.Generator) -> NDArray[np.int64]:
    """The sizes of one to five pieces, of 2 to 60 tokens, short ones more often."""
    return np.exp(random.uniform(np.log(2), np.log(60), int(random.integers(1, 6)))).astype(np.int64)


def _paragraph_at(paragraphs: list[str], share: float) -> int:
    ends = np.cumsum([len(paragraph) for paragraph in paragraphs])
    return int(np.searchsorted(ends, share * ends[-1]))
