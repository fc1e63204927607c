"""DeepSeek-V3 and R1 (DeepSeek-AI 2024): latent attention, and experts weighted by the router's sigmoid, chosen
with a separate bias."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.architecture.spec import Experts, Spec
from attncli.configs import latent
from attncli.configs.decoder import PREFIXES, gated
from attncli.configs.fields import Config
from attncli.configs.latent import tensors
from attncli.errors import AttnError
from attncli.formula.routing import sigmoid_then_choose
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("scoring_func", "sigmoid")
    config.only("topk_method", "noaux_tc")
    config.unused("num_nextn_predict_layers", "num_mtp_layers")  # extra layers for training
    config.assume(
        hidden_size=7168, num_hidden_layers=61, num_attention_heads=128, vocab_size=129280,
        max_position_embeddings=4096, moe_intermediate_size=2048, n_routed_experts=256, n_shared_experts=1,
        num_experts_per_tok=8, first_k_dense_replace=3, n_group=8, topk_group=4,
    )  # fmt: skip
    dense = gated(config, 18432)
    return latent.latent_decoder("deepseek_v3", config, has, dense, _experts(config))


def _experts(config: Config) -> Experts:
    count, chosen = config.size("n_routed_experts"), config.size("num_experts_per_tok")
    groups, kept = config.size_or_null("n_group"), config.size_or_null("topk_group")
    if groups is None or kept is None:
        raise AttnError(N_("{file}: n_group and topk_group must not be missing or null.", file=config.file))
    in_group = config.divides("n_group", groups, "n_routed_experts", count)
    if chosen > kept * in_group:
        raise AttnError(
            N_(
                "{file}: num_experts_per_tok = {chosen}, but the best {kept} groups (topk_group) have "
                "only {within} experts.",
                file=config.file,
                chosen=chosen,
                kept=kept,
                within=kept * in_group,
            )
        )
    normalized, factor = config.flag("norm_topk_prob", True), config.number("routed_scaling_factor", 2.5)
    text = N_("σ(G_r) of the {chosen} largest σ(G_r) + b", chosen=chosen)
    if groups > 1:
        text = N_("{weights} in the {kept} best of {groups} groups", weights=text, kept=kept, groups=groups)
    if normalized:
        text = N_("normalized({weights})", weights=text)
    route = partial(
        sigmoid_then_choose, chosen=chosen, factor=factor, groups=groups, kept=kept, normalized=normalized
    )
    return latent.mixture_of_experts(config, route, latent.times(factor, text), choice_bias=True)
