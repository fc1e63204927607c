"""The training text of the story model: the books, their tokens, and the rows of a training batch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

START = "<s>"
VOCABULARY = 4096
HELD_OUT = 0.04  # this share of each book, at its end


@dataclass(frozen=True)
class Text:
    """The token ids of the training or the held-out text, and the indices at which paragraphs begin."""

    ids: NDArray[np.int64]
    paragraphs: NDArray[np.int64]


@dataclass(frozen=True)
class Mix:
    """The share of rows with repeated random tokens, and of rows with repeated passages of text."""

    random: float
    passages: float


def read_books(folder: Path) -> tuple[list[str], list[str]]:
    """The paragraphs of the books: those for training, and those held out, from the end of each book."""
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
    """A byte-level BPE tokenizer like GPT-2's, which begins every text with `<s>`."""
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
    """The tokens of the paragraphs, one after the other, without `<s>`."""
    rows = [e.ids for e in tokenizer.encode_batch(paragraphs, add_special_tokens=False)]
    lengths = np.array([len(row) for row in rows])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Text(np.concatenate([np.array(row, dtype=np.int64) for row in rows]), starts.astype(np.int64))


def batch(
    text: Text, mix: Mix, rows: int, length: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of tokens, each after `<s>` (id 0), and 1 for each token that counts as a target. Both [row,
    length]."""
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
    """A stretch of the books: three in four begin at a paragraph, the others anywhere."""
    start = random.choice(text.paragraphs) if random.random() < 0.75 else random.integers(len(text.ids))
    start = min(int(start), len(text.ids) - length)
    return text.ids[start : start + length]


def _repeated_tokens(length: int, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Random sequences of tokens, repeated in random order. Only tokens that an earlier occurrence predicts count
    as targets."""
    sequences = [random.integers(1, VOCABULARY, int(size)) for size in _sizes(random)]
    ids: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.float32]] = []
    seen: set[int] = set()
    while sum(map(len, ids)) < length:
        index = int(random.integers(len(sequences)))
        known = np.full(len(sequences[index]), index in seen, dtype=np.float32)
        known[0] = 0  # the choice of the next sequence cannot be predicted
        seen.add(index)
        ids.append(sequences[index])
        counts.append(known)
    return np.concatenate(ids)[:length], np.concatenate(counts)[:length]


def _repeated_passages(text: Text, length: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Passages of the books in random order, most of them more than once, so that names and phrases recur."""
    passages = [_window(text, int(size), random) for size in _sizes(random)]
    ids: list[NDArray[np.int64]] = []
    while sum(map(len, ids)) < length:
        ids.append(passages[int(random.integers(len(passages)))])
    return np.concatenate(ids)[:length]


def _sizes(random: np.random.Generator) -> NDArray[np.int64]:
    """One to five sizes between 2 and 60 tokens, small ones more often."""
    return np.exp(random.uniform(np.log(2), np.log(60), int(random.integers(1, 6)))).astype(np.int64)


def _paragraph_at(paragraphs: list[str], share: float) -> int:
    """The index of the paragraph in which a share of all characters is reached."""
    ends = np.cumsum([len(paragraph) for paragraph in paragraphs])
    return int(np.searchsorted(ends, share * ends[-1]))
