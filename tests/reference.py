"""The reference: random models of `transformers` with eager attention, and the stages that they give.

Needs torch and transformers, which the tests proper do without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from tests.families import Family


def random_model(family: Family, fields: dict[str, Any], seed: int, bare: bool = False) -> Any:
    """A model of a family whose every parameter is random (biases and norms too, so that none can be lost
    unnoticed), wide enough for attention that is far from uniform."""
    eager = {"attn_implementation": "eager", "experts_implementation": "eager"}
    config = transformers.AutoConfig.for_model(family.model_type, **fields, **eager)
    torch.manual_seed(seed)
    model = getattr(transformers, family.bare if bare else family.headed)(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            norm = parameter.ndim == 1 and name.endswith("weight")
            spread = 0.4 if parameter.ndim == 1 else 2.2 / max(parameter.shape) ** 0.5
            parameter.copy_(torch.randn(parameter.shape) * spread + (family.norm_weight if norm else 0.0))
    return model


def expected_stages(family: Family, model: Any, ids: list[int], types: list[int]) -> dict[str, NDArray[Any]]:
    """What the model gives for these ids, by the names of our stages."""
    seen: dict[str, Any] = {}
    body = getattr(model, model.base_model_prefix, model)
    hooks = [
        module.register_forward_hook(_keep(seen, stage))
        for layer in range(model.config.get_text_config().num_hidden_layers)
        for stage, module in family.parts(body, f"layers.{layer}.", layer).items()
    ]
    inputs = {"input_ids": torch.tensor([ids])} | ({"token_type_ids": torch.tensor([types])} if any(types) else {})
    with torch.no_grad():
        out = model(**inputs, output_attentions=True, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    seen["embed"] = out.hidden_states[0]
    for layer, weights in enumerate(out.attentions):
        seen[f"layers.{layer}.attn.weights"] = weights
    for layer, hidden in enumerate(out.hidden_states[1:]):
        seen[f"layers.{layer}.resid.out"] = hidden
    if family.final:  # the last of theirs has been through the last norm
        seen["final"] = seen.pop(f"layers.{len(out.attentions) - 1}.resid.out")
    if "logits" in out:
        seen["logits"] = out.logits
    return {name: np.ascontiguousarray(_split(name, _first(t).float().numpy(), model)) for name, t in seen.items()}


def _first(values: torch.Tensor) -> torch.Tensor:
    """Of the batch, which a router's logits have no axis for."""
    return values if values.ndim == 2 else values[0]


def _keep(seen: dict[str, Any], stage: str) -> Callable[[Any, Any, Any], None]:
    def hook(module: Any, inputs: Any, output: Any) -> None:
        seen[stage] = output[0] if isinstance(output, tuple) else output

    return hook


def _split(name: str, values: NDArray[Any], model: Any) -> NDArray[Any]:
    """Queries, keys and values are one vector a position with the reference, a matrix a head with us."""
    if not name.endswith((".q", ".k", ".v")):
        return values
    config = model.config.get_text_config()
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return values.reshape(len(values), -1, size).transpose(1, 0, 2)
