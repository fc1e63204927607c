"""A trigram model, as a baseline for the story model: interpolated Kneser-Ney smoothing (Chen and Goodman 1999,
"An empirical study of smoothing techniques for language modeling", §2.7), with one discount for each order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

Gram = tuple[int, ...]


@dataclass(frozen=True)
class Order:
    """The counts of the n-grams of one length, of their contexts, and of the different words that follow a
    context."""

    grams: Counter[Gram]
    contexts: Counter[Gram]
    followers: Counter[Gram]
    discount: float

    def share(self, context: Gram, word: int, lower: float) -> float:
        """P(word | context). The discounted mass is shared out by `lower`, the probability after the shorter
        context."""
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
        """P(word | context), where the context is the two words before."""
        share = 1 / self.vocabulary
        for length, order in enumerate(self.orders):
            share = order.share(context[len(context) - length :], word, share)
        return share

    def loss(self, ids: Sequence[int]) -> float:
        """The mean of -ln P over the words of a text from the third on."""
        losses = [-log(self.probability((ids[i - 2], ids[i - 1]), ids[i])) for i in range(2, len(ids))]
        return sum(losses) / len(losses)


def fit(ids: Sequence[int], vocabulary: int) -> Trigram:
    """Counts the trigrams of a text, and for shorter n-grams the number of different contexts they occur in."""
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
    """n1 / (n1 + 2 n2), where n1 and n2 are the numbers of n-grams seen once and twice (Ney, Essen and Kneser
    1994)."""
    n = Counter(counts)
    return n[1] / (n[1] + 2 * n[2])
