"""DeepSeek-V2 (DeepSeek-AI 2024): latent attention, and experts weighted by the router's softmax, from the best
groups of experts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.architecture.spec import Experts, Spec
from attncli.configs import latent
from attncli.configs.decoder import PREFIXES, gated
from attncli.configs.fields import Config
from attncli.configs.latent import tensors
from attncli.errors import AttnError
from attncli.formula.routing import softmax_then_choose
from attncli.formula.types import Array
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("rope_interleave", True)
    config.only("scoring_func", "softmax")
    config.only("norm_topk_prob", False)  # transformers ignores it (modeling_deepseek_v2, DeepseekV2TopkRouter)
    config.assume(moe_intermediate_size=1407, n_routed_experts=64, n_shared_experts=2, vocab_size=102400)
    bias = config.flag("mlp_bias", False)
    dense = gated(config, 11008, bias=bias)
    return latent.latent_decoder("deepseek_v2", config, has, dense, _experts(config, bias))


def _experts(config: Config, bias: bool) -> Experts:
    chosen, factor = config.size("num_experts_per_tok"), config.number("routed_scaling_factor", 1.0)
    text = N_("softmax(G_r) of the {chosen} largest", chosen=chosen)
    method = config.get("topk_method", "greedy")
    groups, kept = config.get("n_group", None), config.get("topk_group", None)
    if method == "greedy":
        groups, kept = 1, 1
    elif method == "group_limited_greedy":
        groups, kept = config.size("n_group"), config.size("topk_group")
        config.divides("n_group", groups, "n_routed_experts", config.size("n_routed_experts"))
        text = N_("{weights} in the {kept} best of {groups} groups", weights=text, kept=kept, groups=groups)
    else:
        raise AttnError(N_("{file}: topk_method = {method!r} is not supported.", file=config.file, method=method),
                        N_("Known: greedy, group_limited_greedy."))  # fmt: skip
    route = partial(softmax_then_choose, chosen=chosen, factor=factor, groups=groups, kept=kept)

    def weights(logits: Array, _: Array | None) -> Array:
        return route(logits)

    return latent.mixture_of_experts(config, weights, latent.times(factor, text), bias=bias)
