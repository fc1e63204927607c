"""`attn tokens`: every format, and spans that cover the text."""

from __future__ import annotations

import pytest

from tests.conftest import Run
from tests.support.documents import document

SENTENCE = 'The cat, 猫 \x1b[1m said\n"hi"'


@pytest.mark.parametrize("format_", ["table", "json", "ndjson", "csv", "md", "npz", "safetensors"])
def test_tokens_come_in_every_format(attn: Run, format_: str) -> None:
    done = attn("tokens", SENTENCE, "--format", format_)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("tokenizer", ["words", "chars", "bytes"])
@pytest.mark.parametrize("text", [SENTENCE, "don't stop。東京タワー ｶﾀｶﾅ 👩‍👩‍👧!", "e\u0301 a\u200bb"])
def test_tokens_cover_the_text_by_their_spans(attn: Run, tokenizer: str, text: str) -> None:
    tokens = document(attn, "tokens", text, "--tokenizer", tokenizer)["tokens"]
    covered = {i for t in tokens for i in range(t["start"], t["end"])}
    assert covered == {i for i, c in enumerate(text) if tokenizer != "words" or not c.isspace()}
    if tokenizer != "bytes":
        assert all(t["text"] == text[t["start"] : t["end"]] for t in tokens)
    else:
        assert [t["id"] for t in tokens] == list(text.encode())
