"""ELECTRA (Clark et al. 2020): BERT with token vectors that may be smaller than the model.

The generator has a masked-word head. The discriminator detects replaced tokens and has no logits over the
vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear

PREFIXES = ("electra.",)
HEAD = encoder.MaskedWords(
    "generator_predictions.dense",
    "generator_predictions.LayerNorm",
    "generator_lm_head",
    "generator_lm_head.bias",
)


def tensors(config: Config) -> dict[str, Tensor]:
    return encoder.tensors() | linear("embed.project", "embeddings_project") | HEAD.tensors()


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("summary_last_dropout")
    body = encoder.body(config, hidden_size=256, num_attention_heads=4, intermediate_size=1024)
    size = config.size("embedding_size", 128)
    return encoder.encoder(
        "electra",
        body,
        encoder.embed(config, body, **encoder.narrow(size, needed=size != body.d_model)),
        encoder.attention_or_decoder(config, body),
        HEAD.head(config, has, body, size=size, activation="gelu"),  # whatever hidden_act says
    )
