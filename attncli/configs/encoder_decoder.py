"""What BART (Lewis et al. 2019) and the encoder-decoders after it share: config fields and tensors. Each family's
file says how it differs: norms before or after attention and feed-forward, and which positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attncli.architecture.parts import CAUSAL, EVERY_KEY, QKV, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Head, Layer, Spec, Stack
from attncli.configs.fields import Config
from attncli.configs.tensors import PROJECTIONS, Tensor, linear, linears, norm, shared_embedding, tied_head
from attncli.formula.positions import sinusoidal_halves

PREFIXES = ("model.",)
INERT = (
    "_num_labels", "activation_dropout", "classif_dropout", "classifier_dropout", "decoder_layerdrop", "dropout",
    "encoder_layerdrop", "force_bos_token_to_be_generated", "init_std", "output_past",
    "replacing_rate", "save_step", "student_decoder_layers", "student_encoder_layers",
)  # fmt: skip
OBSOLETE = (
    "add_bias_logits", "add_final_layer_norm", "do_blenderbot_90_layernorm", "extra_layer_norm",
    "extra_pos_embeddings", "layernorm_variant", "normalize_before", "normalize_embedding",
    "static_position_embeddings", "variant",
)  # fmt: skip
"""Fields that told the families apart when one class served them all. `transformers` no longer reads them:
model_type decides."""
EPS = 1e-5
"""The default of torch's LayerNorm: the config has no field for it."""


@dataclass(frozen=True)
class Defaults:
    """A family's defaults; these are BART's. `scaled`: scale_embedding. `start`: decoder_start_token_id."""

    vocab: int = 50265
    activation: str = "gelu"
    scaled: bool = False
    start: int | None = 2


def tensors(config: Config) -> dict[str, Tensor]:
    """The tensors of both stacks. An entry that a family does not use does no harm."""
    tensors = {
        "head.weight": Tensor("lm_head.weight", transposed=True),
        "head.bias": Tensor("final_logits_bias", take=lambda stored: stored[0]),  # stored [1, vocab]
    }
    for side in ("encoder", "decoder"):
        layer = f"{side}.layers.{{L}}"
        tensors |= {
            f"{side}.embed.tokens.weight": shared_embedding(side),
            f"{side}.embed.positions.weight": Tensor(f"{side}.embed_positions.weight"),
            **norm(f"{side}.embed.norm", f"{side}.layernorm_embedding"),
            **norm(f"{side}.final.norm", f"{side}.layer_norm"),
            **linears(f"{layer}.attn", f"{layer}.self_attn", PROJECTIONS | {"output": "out_proj"}),
            **norm(f"{layer}.attn.norm", f"{layer}.self_attn_layer_norm"),
            **linears(f"{layer}.cross", f"{layer}.encoder_attn", PROJECTIONS | {"output": "out_proj"}),
            **norm(f"{layer}.cross.norm", f"{layer}.encoder_attn_layer_norm"),
            **linear(f"{layer}.mlp.hidden", f"{layer}.fc1"),
            **linear(f"{layer}.mlp.output", f"{layer}.fc2"),
            **norm(f"{layer}.mlp.norm", f"{layer}.final_layer_norm"),
        }
    return tensors


def encoder_decoder(
    family: str,
    config: Config,
    has: Callable[[str], bool],
    embed: Callable[[str, int, float], Embed],
    *,
    block: str,
    final_norm: bool,
    defaults: Defaults,
    speaks_language: bool = False,
    logits_bias: bool = True,
) -> Spec:
    """The Spec of an encoder-decoder. `embed(side, d_model, scale)` makes the embedding of the encoder or the
    decoder; `scale` multiplies the token vectors. `logits_bias`: whether the family reads final_logits_bias."""
    config.unused(*INERT, *OBSOLETE)
    config.only("is_encoder_decoder", True)
    config.only("is_decoder", False)
    d_model = config.size("d_model", 1024)
    config.only("hidden_size", d_model)  # another name of the same field
    config.only("num_hidden_layers", config.size("encoder_layers", 12))
    config.only("num_attention_heads", config.size("encoder_attention_heads", 16))
    scale = d_model**0.5 if config.flag("scale_embedding", defaults.scaled) else 1.0
    normed = layer_norm(EPS)
    activation = config.activation("activation_function", defaults.activation)

    def stack(side: str) -> Stack:
        heads = config.size(f"{side}_attention_heads", 16)
        d_head = config.divides(f"{side}_attention_heads", heads, "d_model", d_model)

        def attention(causal: bool) -> Attention:
            mask = CAUSAL if causal else EVERY_KEY
            return Attention(heads, heads, d_head, d_head**-0.5, mask, qkv_bias=QKV, output_bias=True)

        decodes = side == "decoder"
        layer = Layer(
            block,
            attention(causal=decodes),
            feed_forward(config.size(f"{side}_ffn_dim", 4096), activation, bias=True),
            attention(causal=False) if decodes else None,
            attn_norm=normed,
            cross_norm=normed if decodes else None,
            mlp_norm=normed,
        )
        layers = (layer,) * config.size(f"{side}_layers", 12)
        return Stack(embed(side, d_model, scale), layers, normed if final_norm else None, side)

    own_head = has("lm_head.weight")
    tied = tied_head(config, True, own_head)
    return Spec(
        family,
        d_model,
        config.size("vocab_size", defaults.vocab),
        (stack("encoder"), stack("decoder")),
        Head(tied, bias=logits_bias and has("final_logits_bias")) if tied or own_head else None,
        config.token("decoder_start_token_id", defaults.start),
        speaks_language,
    )


def learned_positions(config: Config) -> Callable[[str, int, float], Embed]:
    """A table of learned positions whose first two rows are unused, and a norm of the sum."""
    length = config.size("max_position_embeddings", 1024)

    def embed(side: str, d_model: int, scale: float) -> Embed:
        return Embed(
            "learned", d_model, length, length + 2, lambda ids: np.arange(len(ids)) + 2,
            position_text="pos + 2", scale=scale, norm=layer_norm(EPS),
        )  # fmt: skip

    return embed


def sinusoidal_positions(config: Config, has: Callable[[str], bool]) -> Callable[[str, int, float], Embed]:
    """Sinusoidal positions, sines before cosines. A table in the checkpoint is read rather than computed: it may
    be rounded to less than float32."""
    length = config.size("max_position_embeddings", 1024)

    def embed(side: str, d_model: int, scale: float) -> Embed:
        stored = has(f"{side}.embed_positions.weight")
        return Embed(
            "sinusoidal", d_model, length, length if stored else 0, table=sinusoidal_halves,
            table_text="[sin θ, cos θ], θ_i = pos / 10000^(2i/d)", scale=scale,
        )  # fmt: skip

    return embed
