"""ModernBERT (Warner et al. 2024): an encoder with what decoders have learned since BERT.

Rotary positions; a norm before attention and feed-forward (none before the first attention); a gated feed-forward;
layers with full attention alternate with layers with a sliding window, whose rotary base differs.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import EVERY_KEY, around, biased, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Head, Layer, Rotary, Spec, Stack, Transform
from attncli.configs.fields import Config, short
from attncli.configs.rope import checked, rotary
from attncli.configs.tensors import Tensor, equal_parts, fused, linear, norm, tied_head
from attncli.configs.windows import FULL, SLIDING, layer_types
from attncli.errors import AttnError, together
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.language import N_

PREFIXES = ("model.",)
ROTARY_BASES = {FULL: ("global_rope_theta", 160000.0), SLIDING: ("local_rope_theta", 10000.0)}
"""A layer type -> the field for its rotary base in older files, and the default of that field."""


def tensors(config: Config) -> dict[str, Tensor]:
    layer = "layers.{L}"
    return {
        "embed.tokens.weight": Tensor("embeddings.tok_embeddings.weight"),
        **norm("embed.norm", "embeddings.norm"),
        **norm(f"{layer}.attn.norm", f"{layer}.attn_norm"),
        **fused(f"{layer}.attn", f"{layer}.attn.Wqkv", equal_parts("q", "k", "v")),
        **linear(f"{layer}.attn.output", f"{layer}.attn.Wo"),
        **norm(f"{layer}.mlp.norm", f"{layer}.mlp_norm"),
        **fused(f"{layer}.mlp", f"{layer}.mlp.Wi", equal_parts("gate", "hidden")),
        **linear(f"{layer}.mlp.output", f"{layer}.mlp.Wo"),
        **norm("final.norm", "final_norm"),
        **linear("head.transform", "head.dense"),
        **norm("head.norm", "head.norm"),
        **linear("head", "decoder"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused(
        "initializer_cutoff_factor", "embedding_dropout", "mlp_dropout", "classifier_pooling",
        "deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index", "reference_compile",
        "repad_logits_with_grad", "layer_norm_eps", "position_embedding_type",
    )  # fmt: skip
    d_model, heads = config.size("hidden_size", 768), config.size("num_attention_heads", 12)
    d_head = config.divides("num_attention_heads", heads, "hidden_size", d_model)
    normed = layer_norm(config.number("norm_eps", 1e-5), bias=config.flag("norm_bias", False))
    mlp = feed_forward(
        config.size("intermediate_size", 1152), config.activation("hidden_activation", "gelu"),
        gated=True, bias=config.flag("mlp_bias", False),
    )  # fmt: skip
    config.assume(num_hidden_layers=22)
    reach, every = config.size("local_attention", 128) // 2, config.size("global_attn_every_n_layers", 3)
    attentions = {
        layer_type: Attention(
            heads, heads, d_head, d_head**-0.5, mask, **biased(config.flag("attention_bias", False)),
            rotary=_rotary(config, layer_type, d_head),
        )
        for layer_type, mask in ((FULL, EVERY_KEY), (SLIDING, around(reach)))
    }  # fmt: skip
    layers = tuple(
        Layer("pre_norm", attentions[layer_type], mlp, attn_norm=normed if number else None, mlp_norm=normed)
        for number, layer_type in enumerate(layer_types(config, lambda number: number % every > 0))
    )
    embed = Embed("rotary", d_model, config.size("max_position_embeddings", 8192), pairs=True, norm=normed)
    activation = config.activation("classifier_activation", "gelu")
    transform = Transform(
        d_model, ACTIVATIONS[activation], activation, normed, config.flag("classifier_bias", False)
    )
    head = Head(tied_head(config, True, has("decoder.weight")), config.flag("decoder_bias", True), transform)
    # A classifier has the same transform, but no logits over the vocabulary
    words = has("head.dense.weight") and not has("classifier.weight")
    return Spec(
        "modernbert", d_model, config.size("vocab_size", 50368), (Stack(embed, layers, normed),),
        head if words else None,
    )  # fmt: skip


def _rotary(config: Config, layer_type: str, d_head: int) -> Rotary:
    """The rotary positions of a layer type; newer files have settings for each type."""
    settings = checked(config, config.get("rope_parameters", {}))
    if not set(settings) <= set(ROTARY_BASES):
        allowed = together(ROTARY_BASES)
        raise AttnError(
            N_(
                "{file}: rope_parameters is {settings}; its keys must be {allowed}.",
                file=config.file,
                settings=short(settings),
                allowed=allowed,
            )
        )
    older, theta = ROTARY_BASES[layer_type]
    if config.fields.get(older, theta) is None:  # null: the base of full attention (transformers 4)
        config.unused(older)
        older, theta = ROTARY_BASES[FULL]
    config.only("rope_scaling", None)
    usual = {"rope_type": "default", "rope_theta": config.number(older, theta)}
    own = checked(config, settings.get(layer_type, {}), f"rope_parameters of {layer_type}")
    return rotary(config, d_head, settings=usual | own)
