"""What the catalogue says of every stage of every golden model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import attncli
from attncli.stages import context_of, entry_of, offered

FOLDERS = sorted(file.parent for file in Path(__file__).parent.parent.glob("golden/*/expected.safetensors"))
EMPTY_PART = re.compile(r"[+=⊙·(,/] *$|= *[+,)]|\( *\)|[+⊙] *[+⊙]|  |None")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_formulas_say_what_their_symbol_is_and_have_no_empty_part(folder: Path) -> None:
    spec = attncli.load_model(folder).spec
    for name in offered(spec):
        entry, context = entry_of(name), context_of(spec, name)
        formula = entry.formula(context)
        assert formula.startswith(f"{entry.symbol} = "), name
        for text in (formula, entry.meaning_in(context), entry.detail(context)):
            assert not EMPTY_PART.search(text), f"{name}: {text}"
        assert entry.meaning_in(context), name


def test_names_that_were_promised_are_there() -> None:
    """They are a contract: JSON, CSV and --stage use them."""
    names = {
        *(f"attn.{part}" for part in ("input", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed")),
        *("attn.heads", "attn.output", "resid.mid", "mlp.input", "mlp.hidden", "mlp.activated", "mlp.output"),
        "resid.out",
    }
    everywhere = {"embed.tokens", "embed", "final", "logits", "probs"} | {f"layers.0.{name}" for name in names}
    own = {
        "gpt2-untied": {"embed.positions"},
        "bert-tied": {"embed.positions", "embed.types"},
        "llama-tied": {"layers.0.attn.q_rotated", "layers.0.attn.k_rotated"},
        "bloom-untied": {"layers.0.attn.biased"},
        "gemma2-tied": {"layers.0.attn.capped"},
    }
    for case, more in own.items():
        spec = attncli.load_model(Path(__file__).parent.parent / "golden" / case).spec
        assert everywhere | more <= set(offered(spec)), case
