"""RoBERTa (Liu et al. 2019): BERT with positions counted from the padding id, and a masked-word head with names of
its own."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor

PREFIXES = ("roberta.",)


def tensors(config: Config) -> dict[str, Tensor]:
    return encoder.tensors() | encoder.LM_HEAD.tensors()


def spec(config: Config, has: Callable[[str], bool], family: str = "roberta", vocab: int = 50265) -> Spec:
    config.unused("output_past")
    body = encoder.body(config, vocab_size=vocab)
    return encoder.encoder(
        family,
        body,
        encoder.embed(config, body, **encoder.after_padding(config, config.get("pad_token_id", 1))),
        encoder.attention_or_decoder(config, body),
        encoder.LM_HEAD.head(config, has, body, activation="gelu"),  # whatever hidden_act says
    )
