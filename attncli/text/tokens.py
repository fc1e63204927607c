"""Tokens: the pieces of text that a model reads, with their ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """The tokens of one input, in order.

    `texts` are for people: the text of each token (" cat", "##ing", "[CLS]", "<0xE3>" for a single byte). `spans`
    are character offsets [start, end) into the input; None for tokens that are not in the input. `types` are the
    numbers of the segments. `vocabulary` lists the words of an open tokenizer, by id. `word` gives the text of any
    id of the vocabulary.
    """

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int] | None, ...]
    types: tuple[int, ...]
    vocabulary: tuple[str, ...] | None = None
    word: Callable[[int], str] = str

    def __len__(self) -> int:
        return len(self.ids)

    def records(self) -> list[dict[str, object]]:
        """One dict for each token, as in the JSON: index, id, text, start, end."""
        return [
            {
                "index": i,
                "id": self.ids[i],
                "text": self.texts[i],
                "start": None if (span := self.spans[i]) is None else span[0],
                "end": None if span is None else span[1],
            }
            for i in range(len(self))
        ]
