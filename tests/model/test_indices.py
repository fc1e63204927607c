"""Tokens are found by their index, by their text, and as tables show them."""

from __future__ import annotations

import pytest

from attncli import UsageError
from attncli.model.indices import indices, positions_of
from attncli.text.tokens import Tokens


def tokens(*texts: str) -> Tokens:
    return Tokens(tuple(range(len(texts))), texts, (None,) * len(texts), (0,) * len(texts))


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
SENTENCE = tokens("<s>", "The", " cat", "▁sat", "##s", "\n", " " + DECOMPOSED, "Ġmat</w>", "がく")


@pytest.mark.parametrize(
    ("asked", "position"),
    [
        ("The", 1), (" cat", 2), ("cat", 2), ("␣cat", 2), ("▁sat", 3), ("sat", 3), ("##s", 4), ("s", 4), ("\n", 5),
        ("␊", 5), (DECOMPOSED, 6), (COMPOSED, 6), ("␣" + COMPOSED, 6), ("mat", 7), ("がく", 8), ("か\u3099く", 8),
        ("-1", 8), ("0", 0),
    ],
)  # fmt: skip
def test_a_token_is_found_as_it_is_typed_or_shown(asked: str, position: int) -> None:
    assert positions_of(asked, SENTENCE) == (position,)


def test_the_exact_text_goes_before_one_that_looks_like_it() -> None:
    assert positions_of("cat", tokens(" cat", "cat")) == (1,)
    assert positions_of("␣cat", tokens(" cat", "cat")) == (0,)
    assert positions_of(DECOMPOSED, tokens(COMPOSED, DECOMPOSED)) == (1,)


def test_a_name_that_differs_in_case_is_offered_alone() -> None:
    with pytest.raises(UsageError, match=r"no token 'Sat'.*\nDid you mean sat\?"):
        positions_of("Sat", tokens("cat", "mat", "sat"))


def test_what_counts_from_the_end_is_offered_only_where_there_is_an_end() -> None:
    with pytest.raises(UsageError, match=r"position 9 is out of range: 0 to 3\."):
        indices("9", 4, "position", from_the_end=False)
    with pytest.raises(UsageError, match="0 to 3, or -1 for the last"):
        indices("9", 4, "layer")
