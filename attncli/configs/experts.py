"""Mixtures of experts whose router is a softmax: the fields and tensors of Mixtral and Qwen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attncli.architecture.spec import Experts, FeedForward
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, part
from attncli.errors import AttnError
from attncli.formula.routing import softmax_top, softmax_top_renormalized
from attncli.text.language import N_

ONLY_IN_TRAINING = ("output_router_logits", "router_aux_loss_coef", "router_jitter_noise")


def tensors(router: str, expert: str, matrices: Iterable[str]) -> dict[str, Tensor]:
    """The router's tensor and those of the experts, each of which has three matrices: gate, hidden, output.
    Where a checkpoint is as the model is in memory, those of all experts are one, and gate and hidden too."""
    router_of_memory, all_experts = "layers.{L}.mlp.gate.weight", "layers.{L}.mlp.experts"
    places = {
        "gate": Tensor(f"{all_experts}.gate_up_proj", transposed=True, take=part(0, 2)),
        "hidden": Tensor(f"{all_experts}.gate_up_proj", transposed=True, take=part(1, 2)),
        "output": Tensor(f"{all_experts}.down_proj", transposed=True),
    }
    found = {
        "layers.{L}.mlp.router.weight": Tensor(
            f"{router}.weight", transposed=True, otherwise=Tensor(router_of_memory, transposed=True)
        )
    }
    for (ours, otherwise), theirs in zip(places.items(), matrices, strict=True):
        found[f"layers.{{L}}.mlp.experts.{{E}}.{ours}.weight"] = Tensor(
            f"{expert}.{theirs}.weight", transposed=True, otherwise=otherwise
        )
    return found


def mixture(config: Config, count: int, each: FeedForward, *, renormalized: bool, **own: Any) -> Experts:
    """`count` experts, of which each token has num_experts_per_tok; `own` are further fields of `Experts`.
    Raises AttnError where fewer experts are there than a token has."""
    chosen = config.size("num_experts_per_tok")
    if chosen > count:
        raise AttnError(f"{config.file}: num_experts_per_tok = {chosen} of {count} experts cannot be chosen.")
    config.unused(*ONLY_IN_TRAINING)
    route = softmax_top_renormalized if renormalized else softmax_top
    text = N_("softmax(G_r) of the {chosen} largest", chosen=chosen)
    if renormalized:
        text = N_("softmax(G_r) of the {chosen} largest, made to sum to 1", chosen=chosen)
    return Experts(count, chosen, each, lambda logits, _: route(logits, chosen), text, **own)


def expert_count(config: Config, default: int) -> int:
    """num_local_experts, or num_experts: the same by another name."""
    return config.size_by_names(default, "num_local_experts", "num_experts")


def sparse_layers(config: Config) -> Callable[[int], bool]:
    """Whether a layer has experts: every decoder_sparse_step-th, but none of mlp_only_layers (Qwen)."""
    step, dense = config.size("decoder_sparse_step", 1), config.get("mlp_only_layers", [])
    if not isinstance(dense, list) or not all(isinstance(number, int) for number in dense):
        raise AttnError(f"{config.file}: mlp_only_layers is {dense!r}; a list of layers is needed.")
    return lambda number: (number + 1) % step == 0 and number not in dense
