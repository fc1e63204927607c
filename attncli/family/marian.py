"""Marian (Junczys-Dowmunt et al. 2018): BART with sinusoidal positions (sines before cosines), and one vocabulary
for both languages or one for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attncli.architecture.spec import Embed, Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, encoder_decoder, sinusoidal_positions, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]
VOCAB = 58101


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    words = config.size("vocab_size", VOCAB)
    shared = config.flag("share_encoder_decoder_embeddings", True)
    target_words = words if shared else config.size("decoder_vocab_size", words)
    config.get("decoder_vocab_size", None)
    base = sinusoidal_positions(config, has)

    def embed(side: str, d_model: int, scale: float) -> Embed:
        own = base(side, d_model, scale)
        return own if shared or side == "decoder" else replace(own, vocab=words)

    model = encoder_decoder(
        "marian",
        config,
        has,
        embed,
        block="post_norm",
        final_norm=False,
        defaults=Defaults(VOCAB, start=VOCAB - 1),
    )
    return replace(model, vocab=target_words)
