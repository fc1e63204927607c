"""GPT-2 (Radford et al. 2019): learned positions, LayerNorm before each part, one fused Q K V matrix.

Its matrices are stored [in, out] (Conv1D), unlike every Linear.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.families import Tensor, norm, part, tied_head
from attncli.families.config import Config
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.masks import causal_mask
from attncli.formula.norms import layer_norm
from attncli.spec import Spec

PREFIXES = ("transformer.",)

TENSORS = {
    "embed.tokens.weight": Tensor("wte.weight"),
    "embed.positions.weight": Tensor("wpe.weight"),
    **norm("layers.{L}.attn.norm", "h.{L}.ln_1"),
    **{
        f"layers.{{L}}.attn.{ours}.{kind}": Tensor(f"h.{{L}}.attn.c_attn.{kind}", take=part(i, 3, axis=-1))
        for i, ours in enumerate("qkv")
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
    config.only("scale_attn_by_inverse_layer_idx", False)
    config.only("add_cross_attention", False)
    config.get("is_decoder", False)  # causal either way
    config.get("reorder_and_upcast_attn", False)  # another order of the same operations
    d_model, heads = config.size("n_embd", 768), config.size("n_head", 12)
    d_head = config.divides("n_head", heads, "n_embd", d_model)
    own_head = has("lm_head.weight")
    tied = tied_head(config, True, own_head)
    activation = config.activation("activation_function", "gelu_new")
    return Spec(
        family="gpt2",
        layers=config.size("n_layer", 12),
        heads=heads,
        kv_heads=heads,
        d_model=d_model,
        d_head=d_head,
        vocab=config.size("vocab_size", 50257),
        positions="learned",
        max_positions=config.size("n_positions", 1024),
        causal=True,
        mask=causal_mask,
        scale=d_head**-0.5 if config.flag("scale_attn_weights", True) else 1.0,
        d_ff=config.size("n_inner", 4 * d_model),
        norm=partial(layer_norm, eps=config.number("layer_norm_epsilon", 1e-5)),
        final_norm=True,
        activation=ACTIVATIONS[activation],
        activation_name=activation,
        qkv_bias=frozenset("qkv"),
        output_bias=True,
        mlp_bias=True,
        head="linear" if tied or own_head else "none",
        tied=tied,
    )
