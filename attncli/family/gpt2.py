"""GPT-2 (Radford et al. 2019): learned positions, LayerNorm before attention and feed-forward, one fused q, k, v
matrix.

Its matrices are stored [in, out] (Conv1D), not [out, in] as in torch's Linear.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import CAUSAL, QKV, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Head, Layer, Spec, Stack
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, equal_part, norm, tied_head

PREFIXES = ("transformer.",)


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        "embed.tokens.weight": Tensor("wte.weight"),
        "embed.positions.weight": Tensor("wpe.weight"),
        **norm("layers.{L}.attn.norm", "h.{L}.ln_1"),
        **{
            f"layers.{{L}}.attn.{name}.{kind}": Tensor(f"h.{{L}}.attn.c_attn.{kind}", take=equal_part(i, 3, -1))
            for i, name in enumerate("qkv")
            for kind in ("weight", "bias")
        },
        **norm("layers.{L}.attn.output", "h.{L}.attn.c_proj"),
        **norm("layers.{L}.mlp.norm", "h.{L}.ln_2"),
        **norm("layers.{L}.mlp.hidden", "h.{L}.mlp.c_fc"),
        **norm("layers.{L}.mlp.output", "h.{L}.mlp.c_proj"),
        **norm("final.norm", "ln_f"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("add_cross_attention", False)
    config.get("is_decoder", False)  # causal either way
    config.get("reorder_and_upcast_attn", False)  # the same operations in another order
    d_model, heads = config.size("n_embd", 768), config.size("n_head", 12)
    d_head = config.divides("n_head", heads, "n_embd", d_model)
    own_head = has("lm_head.weight")
    tied = tied_head(config, True, own_head)
    positions = config.size("n_positions", 1024)
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5))
    mlp = feed_forward(
        config.size("n_inner", 4 * d_model), config.activation("activation_function", "gelu_new"), bias=True
    )
    scale = d_head**-0.5 if config.flag("scale_attn_weights", True) else 1.0
    by_layer = config.flag("scale_attn_by_inverse_layer_idx", False)

    def layer(number: int) -> Layer:
        attn = Attention(
            heads, heads, d_head, scale / (number + 1) if by_layer else scale, CAUSAL,
            qkv_bias=QKV, output_bias=True,
        )  # fmt: skip
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    layers = tuple(map(layer, range(config.size("n_layer", 12))))
    return Spec(
        "gpt2",
        d_model,
        config.size("vocab_size", 50257),
        (Stack(Embed("learned", d_model, positions, rows=positions), layers, normed),),
        Head(tied) if tied or own_head else None,
    )
