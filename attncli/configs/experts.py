"""Mixtures of experts with a softmax router: the fields and tensors that Mixtral and Qwen share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attncli.architecture.spec import Experts, FeedForward
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, equal_part
from attncli.errors import AttnError
from attncli.formula.routing import softmax_top, softmax_top_renormalized
from attncli.language import N_

ONLY_IN_TRAINING = ("output_router_logits", "router_aux_loss_coef", "router_jitter_noise")


def tensors(router: str, expert: str, matrices: Iterable[str]) -> dict[str, Tensor]:
    """The tensors of the router and of the experts; `matrices` are the names of an expert's gate, hidden and
    output matrix. A checkpoint saved in the layout of `transformers` 5 has one tensor for all experts, and gate
    and hidden together."""
    router_in_memory, all_experts = "layers.{L}.mlp.gate.weight", "layers.{L}.mlp.experts"
    in_memory = {
        "gate": Tensor(f"{all_experts}.gate_up_proj", transposed=True, take=equal_part(0, 2)),
        "hidden": Tensor(f"{all_experts}.gate_up_proj", transposed=True, take=equal_part(1, 2)),
        "output": Tensor(f"{all_experts}.down_proj", transposed=True),
    }
    tensors = {
        "layers.{L}.mlp.router.weight": Tensor(
            f"{router}.weight", transposed=True, otherwise=Tensor(router_in_memory, transposed=True)
        )
    }
    for (ours, otherwise), theirs in zip(in_memory.items(), matrices, strict=True):
        tensors[f"layers.{{L}}.mlp.experts.{{E}}.{ours}.weight"] = Tensor(
            f"{expert}.{theirs}.weight", transposed=True, otherwise=otherwise
        )
    return tensors


def mixture(config: Config, count: int, each: FeedForward, *, renormalized: bool, **own: Any) -> Experts:
    """`count` experts, of which the router chooses num_experts_per_tok for each token. `renormalized`: the chosen
    weights sum to 1. `own`: more fields of `Experts`. Raises AttnError where a token needs more experts than there
    are."""
    chosen = config.size("num_experts_per_tok")
    if chosen > count:
        raise AttnError(
            N_(
                "{file}: num_experts_per_tok = {chosen}, but there are only {count} experts.",
                file=config.file,
                chosen=chosen,
                count=count,
            )
        )
    config.unused(*ONLY_IN_TRAINING)
    route = softmax_top_renormalized if renormalized else softmax_top
    text = N_("softmax(G_r) of the {chosen} largest", chosen=chosen)
    if renormalized:
        text = N_("softmax(G_r) of the {chosen} largest, made to sum to 1", chosen=chosen)
    return Experts(count, chosen, each, lambda logits, _: route(logits, chosen), text, **own)


def expert_count(config: Config, default: int) -> int:
    """num_local_experts, or num_experts, which is another name for it."""
    return config.size_by_names(default, "num_local_experts", "num_experts")


def sparse_layers(config: Config) -> Callable[[int], bool]:
    """Whether a layer has experts (Qwen): every decoder_sparse_step-th layer, except those in mlp_only_layers."""
    step, dense = config.size("decoder_sparse_step", 1), config.get("mlp_only_layers", [])
    if not isinstance(dense, list) or not all(isinstance(number, int) for number in dense):
        raise AttnError(
            N_(
                "{file}: mlp_only_layers is {dense!r}; it must be a list of layer numbers.",
                file=config.file,
                dense=dense,
            )
        )
    return lambda number: (number + 1) % step == 0 and number not in dense
