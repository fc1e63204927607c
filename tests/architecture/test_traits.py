"""Traits of a model in words: what is special of it, and which layers are of one kind."""

from __future__ import annotations

from typing import Any

import pytest

from attncli.architecture.parts import CAUSAL, alibi, feed_forward, layer_norm, plain_rotary, rms_norm, sliding
from attncli.architecture.spec import (
    Attention,
    Embed,
    Experts,
    FeedForward,
    Head,
    HeadNorm,
    Latent,
    Layer,
    Spec,
    Stack,
)
from attncli.architecture.traits import ranges, traits

NORM = rms_norm(1e-6)
PLAIN = feed_forward(8, "silu", gated=True)


def spec_of(*layers: Layer, **fields: Any) -> Spec:
    return Spec("made", 8, 10, (Stack(Embed("rotary", 8), layers, NORM),), Head(tied=True), **fields)


def layer_of(mask: Any = CAUSAL, mlp: FeedForward | Experts = PLAIN, **own: Any) -> Layer:
    attn = Attention(4, own.pop("kv_heads", 2), 4, own.pop("scale", 0.5), mask, **own)
    return Layer("pre_norm", attn, mlp, attn_norm=NORM, mlp_norm=NORM)


def test_layers_of_one_kind_are_put_together() -> None:
    near, far = layer_of(sliding(3)), layer_of()
    (stack,) = traits(spec_of(near, far, near, far, far)).stacks
    assert [(k.layers, k.traits.mask) for k in stack.kinds] == [
        ((0, 2), "query - 3 < key ≤ query"),
        ((1, 3, 4), "causal"),
    ]
    assert [k.numbers for k in stack.kinds] == ["layers 0,2", "layers 1,3-4"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (layer_of(cap=50.0), "scores capped at 50"),
        (layer_of(sinks=True), "sinks"),
        (layer_of(clip=8.0), "q, k, v clipped at ±8"),
        (layer_of(scale=1.0), "scores are not scaled"),
        (layer_of(scale=0.25), "scores times 0.25, not 1 / √d_k"),
        (layer_of(output=False), "no output projection"),
        (layer_of(d_value=6), "value size 6"),
        (layer_of(qkv_bias=frozenset("qv")), "biases of q, v"),
        (layer_of(q_norm=HeadNorm(NORM), k_norm=HeadNorm(NORM)), "RMSNorm of q and k, each head"),
        (layer_of(q_norm=HeadNorm(NORM, "all")), "RMSNorm of q, all heads as one"),
        (layer_of(bias=alibi(4)), "position bias S' - m |query - key|"),
        (layer_of(latent=Latent(None, 3, 2, 2, NORM)), "keys and values through 3 dimensions"),
        (layer_of(mlp=Experts(4, 2, PLAIN, lambda x, b: x, "", shared=PLAIN)), "a shared expert of 8"),
        (Layer("post_norm", layer_of().attn, PLAIN, mlp_output_norm=NORM), "RMSNorm of the feed-forward output"),
        (
            Layer("post_norm", layer_of().attn, PLAIN, residual_scale=0.5),
            "attention and feed-forward outputs times 0.5",
        ),
        (Layer("pre_norm", layer_of().attn, PLAIN, cross=layer_of().attn), "cross-attention"),
    ],
)
def test_what_is_special_of_a_layer_is_said(made: Layer, said: str) -> None:
    assert said in traits(spec_of(made)).everything_special
    assert traits(spec_of(layer_of())).everything_special == ()


def test_a_turn_of_other_wavelengths_makes_another_kind() -> None:
    def slow(length: int) -> Any:
        return plain_rotary(4).frequencies(length) / 7

    layers = (layer_of(rotary=plain_rotary(4)), layer_of(rotary=type(plain_rotary(4))(slow, 4)), layer_of())
    (stack,) = traits(spec_of(*layers)).stacks
    assert [k.traits.rotary for k in stack.kinds] == [
        "4 of 4 dimensions, wavelengths up to 628 tokens",
        "4 of 4 dimensions, wavelengths up to 4,398 tokens",
        "",
    ]


def test_stacks_that_differ_are_told_apart() -> None:
    def stack(name: str, mask: Any) -> Stack:
        return Stack(Embed("relative", 8, scale=2.0), (layer_of(mask),), NORM, name)

    made = traits(Spec("made", 8, 10, (stack("encoder", sliding(2)), stack("decoder", CAUSAL)), start=3))
    assert made.of("mask") == "encoder: query - 2 < key ≤ query; decoder: causal"
    assert made.of("norm") == "RMSNorm"
    assert made.special == ("embedding times 2", "the decoder starts with id 3")


def test_head_and_embedding_say_what_is_special() -> None:
    embed = Embed("learned", 4, rows=5, types=2, norm=layer_norm(1e-5), project="tokens")
    head = Head(tied=False, bias=True, cap=30.0, logit_scale=0.1)
    made = traits(Spec("made", 8, 10, (Stack(embed, (layer_of(),), NORM),), head))
    assert made.special == (
        "2 token types",
        "LayerNorm of the embedding",
        "embedding of 4, projected",
        "head bias",
        "logits times 0.1",
        "logits capped at 30",
    )


def test_ranges_of_numbers() -> None:
    assert ranges((0,)) == "0"
    assert ranges((0, 1, 2, 5, 7, 8)) == "0-2,5,7-8"
