"""Text of other scripts in tokens."""

from __future__ import annotations

import attncli


def test_words_take_each_ideograph_and_kana_by_itself() -> None:
    trace = attncli.trace(
        "猫がマットに座った、don't sit 2人。", model=attncli.load_model(seed=0), stages=["embed"]
    )
    assert trace.tokens is not None
    assert trace.tokens.texts == (*"猫がマットに座った、", "don't", "sit", "2", "人", "。")
