"""BERT (Devlin et al. 2018): an encoder with learned positions and segments, LayerNorm after attention and after
the feed-forward.

Its logits come from the masked-word head, if the checkpoint has one.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor

PREFIXES = ("bert.",)


def tensors(config: Config) -> dict[str, Tensor]:
    return encoder.tensors() | encoder.PREDICTIONS.tensors()


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    body = encoder.body(config)
    config.only("embedding_size", body.d_model)
    return encoder.encoder(
        "bert",
        body,
        encoder.embed(config, body),
        encoder.attention_or_decoder(config, body),
        encoder.PREDICTIONS.head(config, has, body),
    )
