"""XLM-RoBERTa-XL (Goyal et al. 2021): XLM-RoBERTa with norms before attention and feed-forward, and one after the
last layer."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, norm

PREFIXES = ("roberta.",)


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        **encoder.tensors(),
        **norm("layers.{L}.attn.norm", "encoder.layer.{L}.attention.self_attn_layer_norm"),
        **norm("layers.{L}.mlp.norm", "encoder.layer.{L}.LayerNorm"),
        **norm("final.norm", "encoder.LayerNorm"),
        **encoder.LM_HEAD.tensors(),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    body = encoder.body(
        config, hidden_size=2560, num_attention_heads=32, num_hidden_layers=36, intermediate_size=10240,
        vocab_size=250880, layer_norm_eps=1e-5,
    )  # fmt: skip
    positions = encoder.after_padding(config, config.get("pad_token_id", 1), rows=514)
    return encoder.encoder(
        "xlm-roberta-xl",
        body,
        encoder.embed(config, body, rows=514, types=1, **positions | {"norm": None}),
        encoder.attention_or_decoder(config, body),
        encoder.LM_HEAD.head(config, has, body, activation="gelu"),  # whatever hidden_act says
        block="pre_norm",
        final_norm=body.norm,
    )
