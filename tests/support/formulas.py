"""Evaluates formulas as attn prints them: `Q = N W_Q + b_Q`, `X = LayerNorm(3 E + P) W_E`, `S = Q_rot K_rotᵀ`.

Two matrices side by side are a matrix product. Numbers, and names that begin with a small letter (m, key),
multiply each element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NAME = r"[A-Za-zδ]+(?:_[A-Za-z]+)?'?"
TOKEN = re.compile(rf"\d+(?:\.\d+)?(?:e[+-]?\d+)?|{NAME}|[-+/|()\[\],√ᵀ±]")
WORDS = {"ᵀ": ".transposed", "[": "apply('beside', ", "]": ")", "±": "", "√": ""}
FUNCTIONS = {"LayerNorm", "RMSNorm", "softmax", "tanh", "clip", "concat"}


@dataclass(frozen=True)
class Term:
    """A value in a formula."""

    array: Array
    elementwise: bool = False

    def __add__(self, other: Term) -> Term:
        return Term(self.array + other.array)

    def __sub__(self, other: Term) -> Term:
        return Term(self.array - other.array)

    def __truediv__(self, other: Term) -> Term:
        return Term(self.array / other.array)

    def __abs__(self) -> Term:
        return Term(np.abs(self.array), elementwise=True)

    def __matmul__(self, other: Term) -> Term:
        if self.elementwise or other.elementwise:
            return Term(self.array * other.array, self.elementwise and other.elementwise)
        left, right = self.array, other.array
        if left.ndim == right.ndim == 3:  # heads may share keys and values
            heads = max(len(left), len(right))
            left, right = (np.repeat(x, heads // len(x), axis=0) for x in (left, right))
        return Term(left @ right)

    @property
    def transposed(self) -> Term:
        return Term(self.array.swapaxes(-1, -2))

    @property
    def root(self) -> Term:
        return Term(np.sqrt(self.array), elementwise=True)


Function = Callable[..., Array]


def evaluate(expression: str, value: Callable[[str], Array], functions: Mapping[str, Function]) -> Array:
    """The value of the right side of a formula. `value` gives that of a name, `functions` has those of FUNCTIONS
    that occur, and `beside` for [a, b]."""
    tokens = TOKEN.findall(expression)
    assert "".join(tokens) == expression.replace(" ", ""), f"not understood: {expression}"

    def apply(name: str, *arguments: Term) -> Term:
        return Term(functions[name](*(argument.array for argument in arguments)))

    def term(name: str) -> Term:
        return Term(value(name), elementwise=name[0].islower() and not name.startswith("b_"))

    scope = {"term": term, "apply": apply, "number": lambda x: Term(np.float64(x), elementwise=True)}
    result: Term = eval(" ".join(_python(tokens)), {"__builtins__": {"abs": abs}}, scope)  # of our own words only
    return result.array


def _python(tokens: list[str]) -> list[str]:
    """The tokens as Python: a matrix product where two factors stand side by side."""
    words: list[str] = []
    ended, bar_open, called, rooted = False, False, False, False  # ended: a factor ends with the token before
    for token in tokens:
        named = re.fullmatch(NAME, token) is not None
        starts = named or token[0].isdigit() or token in "([√" or (token == "|" and not bar_open)
        if starts and ended:
            words.append("@")
        if token in FUNCTIONS:
            words.append(f"apply({token!r}, ")
        elif named:
            words.append(f"term({token!r})" + ".root" * rooted)
        elif token[0].isdigit():
            words.append(f"number({token})" + ".root" * rooted)
        elif token == "|":
            words.append(")" if bar_open else "abs(")
            bar_open = not bar_open
        elif not (token == "(" and called):  # the function has opened it
            words.append(WORDS.get(token, token))
        ended = token not in FUNCTIONS and (
            named or token[0].isdigit() or token in ")]ᵀ" or (token == "|" and not bar_open)
        )
        called, rooted = token in FUNCTIONS, token == "√"
    return words
