"""A trigram model, to measure the story model against: interpolated Kneser-Ney smoothing, as Chen and Goodman 1999
describe it ("An empirical study of smoothing techniques for language modeling", §2.7), one discount an order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

Gram = tuple[int, ...]


@dataclass(frozen=True)
class Order:
    """The counts of n-grams of one length: of each, of its context, and how many words follow that context."""

    grams: Counter[Gram]
    contexts: Counter[Gram]
    followers: Counter[Gram]
    discount: float

    def share(self, context: Gram, word: int, lower: float) -> float:
        """P(word | context), with what the discount takes away given to the shorter context's `lower`."""
        total = self.contexts[context]
        if not total:
            return lower
        kept = max(self.grams[(*context, word)] - self.discount, 0.0)
        return (kept + self.discount * self.followers[context] * lower) / total


@dataclass(frozen=True)
class Trigram:
    orders: tuple[Order, Order, Order]
    vocabulary: int

    def probability(self, context: Gram, word: int) -> float:
        """P(word | the two before it)."""
        share = 1 / self.vocabulary
        for length, order in enumerate(self.orders):
            share = order.share(context[len(context) - length :], word, share)
        return share

    def loss(self, ids: Sequence[int]) -> float:
        """The mean of -ln P over the words of a text that have two before them."""
        losses = [-log(self.probability((ids[i - 2], ids[i - 1]), ids[i])) for i in range(2, len(ids))]
        return sum(losses) / len(losses)


def fit(ids: Sequence[int], vocabulary: int) -> Trigram:
    """The trigram counts of a text; of shorter n-grams, in how many contexts they were seen."""
    three = Counter(zip(ids, ids[1:], ids[2:], strict=False))
    two: Counter[Any] = Counter(gram[1:] for gram in three)
    one: Counter[Any] = Counter(gram[1:] for gram in two)
    return Trigram((_order(one), _order(two), _order(three)), vocabulary)


def _order(grams: Counter[Any]) -> Order:
    contexts: Counter[Gram] = Counter()
    for gram, count in grams.items():
        contexts[gram[:-1]] += count
    followers = Counter(gram[:-1] for gram in grams)
    return Order(grams, contexts, followers, _discount(grams.values()))


def _discount(counts: Iterable[int]) -> float:
    """n1 / (n1 + 2 n2), of the n-grams seen once and twice (Ney, Essen and Kneser 1994)."""
    of = Counter(counts)
    return of[1] / (of[1] + 2 * of[2])
