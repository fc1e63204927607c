"""T5 (Raffel et al. 2019), T5 1.1 and Flan-T5: an encoder-decoder with relative positions, RMSNorm before
attention and feed-forward, and unscaled scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attncli.architecture.parts import CAUSAL, EVERY_KEY, bucketed, feed_forward, rms_norm
from attncli.architecture.spec import Attention, Embed, Head, Layer, Mask, Spec, Stack
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linears, shared_embedding

PREFIXES: tuple[str, ...] = ()
INERT = ("classifier_dropout", "dropout_rate", "n_positions", "output_past")
"""n_positions is the length in training; it is no limit, because positions are relative."""


@dataclass(frozen=True)
class Defaults:
    """A family's defaults; these are T5's."""

    vocab: int = 32128
    d_ff: int = 2048
    layers: int = 6
    heads: int = 8
    feed_forward: str = "relu"


def tensors(config: Config) -> dict[str, Tensor]:
    return tensors_of(config, Defaults())


def tensors_of(config: Config, defaults: Defaults) -> dict[str, Tensor]:
    hidden = "wi_1" if _activation(config, defaults)[1] else "wi"
    return {
        **_stack("encoder", ("SelfAttention", "attn"), hidden=hidden),
        **_stack("decoder", ("SelfAttention", "attn"), ("EncDecAttention", "cross"), hidden=hidden),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def _stack(side: str, *attentions: tuple[str, str], hidden: str) -> dict[str, Tensor]:
    layer, block = f"{side}.layers.{{L}}", f"{side}.block.{{L}}.layer"
    matrices = {"gate": "wi_0", "hidden": hidden, "output": "wo"}
    last = f"{block}.{len(attentions)}"  # the feed-forward comes after the attentions
    tensors = {
        f"{side}.embed.tokens.weight": shared_embedding(side),
        f"{side}.relative.weight": Tensor(f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
        f"{side}.final.norm.weight": Tensor(f"{side}.final_layer_norm.weight"),
        f"{layer}.mlp.norm.weight": Tensor(f"{last}.layer_norm.weight"),
        **linears(f"{layer}.mlp", f"{last}.DenseReluDense", matrices, bias=False),
    }
    for index, (theirs, ours) in enumerate(attentions):
        tensors[f"{layer}.{ours}.norm.weight"] = Tensor(f"{block}.{index}.layer_norm.weight")
        names = {"q": "q", "k": "k", "v": "v", "output": "o"}
        tensors |= linears(f"{layer}.{ours}", f"{block}.{index}.{theirs}", names, bias=False)
    return tensors


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    # Before T5 1.1 the head was always tied and its input scaled (configuration_t5.py, scale_decoder_outputs)
    scaled = config.get("scale_decoder_outputs", config.get("tie_word_embeddings", None) is not False)
    return t5_spec("t5", config, has, Defaults(), scaled)


def t5_spec(family: str, config: Config, has: Callable[[str], bool], defaults: Defaults, scaled: bool) -> Spec:
    """The Spec of T5 or mT5. `scaled`: whether the input of the head is multiplied by 1 / √d_model."""
    config.unused(*INERT)
    config.only("is_encoder_decoder", True)
    config.only("is_decoder", False)
    d_model, d_head = config.size("d_model", 512), config.size("d_kv", 64)
    heads, layers = config.size("num_heads", defaults.heads), config.size("num_layers", defaults.layers)
    for name, same in (("hidden_size", d_model), ("num_attention_heads", heads), ("num_hidden_layers", layers)):
        config.only(name, same)  # other names of the same fields
    normed = rms_norm(config.number("layer_norm_epsilon", 1e-6))
    activation, gated = _activation(config, defaults)
    mlp = feed_forward(config.size("d_ff", defaults.d_ff), activation, gated=gated)
    buckets = config.size("relative_attention_num_buckets", 32)
    farthest = config.size("relative_attention_max_distance", 128)

    def stack(name: str, count: int, mask: Mask) -> Stack:
        both_ways, crossed = name == "encoder", name == "decoder"
        bias = bucketed(heads, buckets, farthest, both_ways)
        attn = Attention(heads, heads, d_head, 1.0, mask, bias=bias)
        cross = Attention(heads, heads, d_head, 1.0, EVERY_KEY) if crossed else None
        layer = Layer(
            "pre_norm", attn, mlp, cross, normed, cross_norm=normed if crossed else None, mlp_norm=normed
        )
        return Stack(Embed("relative", d_model), (layer,) * count, normed, name)

    return Spec(
        family,
        d_model,
        config.size("vocab_size", defaults.vocab),
        (stack("encoder", layers, EVERY_KEY), stack("decoder", config.size("num_decoder_layers", layers), CAUSAL)),
        Head(tied=not has("lm_head.weight"), scale=d_model**-0.5 if scaled else 1.0),
        config.token("decoder_start_token_id", config.token("pad_token_id", 0)),
    )


def _activation(config: Config, defaults: Defaults) -> tuple[str, bool]:
    """The activation's name, and whether the feed-forward is gated. `gated-gelu` means GPT-2's approximation
    (configuration_t5.py, __post_init__). dense_act_fn and is_gated_act, which follow from feed_forward_proj, win
    where the file has them."""
    kind = config.get("feed_forward_proj", defaults.feed_forward)
    name = "gelu_new" if kind == "gated-gelu" else str(kind).removeprefix("gated-")
    return config.activation("dense_act_fn", name), config.flag("is_gated_act", str(kind).startswith("gated-"))
