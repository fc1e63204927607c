"""The reference: random models of `transformers` with eager attention, and their values of our stages.

Needs torch and transformers; most tests do without them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from tests.support.families import Family


def random_model(family: Family, fields: dict[str, Any], seed: int, bare: bool = False) -> Any:
    """A model of a family in which every parameter is random, also biases and norms, so that a test notices a
    missing one. The spread is wide enough for attention that is far from uniform."""
    eager = {"attn_implementation": "eager", "experts_implementation": "eager"}
    config = transformers.AutoConfig.for_model(family.model_type, **fields, **eager)
    torch.manual_seed(seed)
    model = getattr(transformers, family.bare if bare else family.headed)(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:  # a table of sinusoidal positions
                continue
            norm = parameter.ndim == 1 and name.endswith("weight")
            spread = 0.4 if parameter.ndim == 1 else family.spread / max(parameter.shape) ** 0.5
            parameter.copy_(torch.randn(parameter.shape) * spread + (family.norm_weight if norm else 0.0))
        for name, buffer in model.named_buffers():
            if name in model.state_dict() and buffer.is_floating_point():
                buffer.copy_(torch.randn(buffer.shape) * 0.4)
    return model


def expected_stages(
    family: Family, model: Any, ids: list[int], types: list[int], target: list[int] | None = None
) -> dict[str, NDArray[Any]]:
    """The reference's values for these ids (and those of a decoder), by the names of our stages."""
    seen: dict[str, Any] = {}
    family.mend(model)
    body = getattr(model, model.base_model_prefix, model)
    hooks = [
        module.register_forward_hook(_keep(seen, stage))
        for prefix, layers in _stacks(family, model.config).items()
        for layer in range(layers)
        for stage, module in family.modules(body, f"{prefix}layers.{layer}.", layer).items()
    ]
    inputs = {"input_ids": torch.tensor([ids])} | ({"token_type_ids": torch.tensor([types])} if any(types) else {})
    if target is not None:
        inputs["decoder_input_ids"] = torch.tensor([target])
    with torch.no_grad():
        out = model(**inputs, output_attentions=True, output_hidden_states=True)
    for hook in hooks:
        hook.remove()
    for prefix in _stacks(family, model.config):
        side = prefix.replace(".", "_")
        attentions, hidden_states = out[f"{side}attentions"], out[f"{side}hidden_states"]
        seen[f"{prefix}embed"] = hidden_states[0]
        for layer, weights in enumerate(attentions):
            seen[f"{prefix}layers.{layer}.attn.weights"] = weights
        for layer, hidden in enumerate(hidden_states[1:]):
            seen[f"{prefix}layers.{layer}.resid.out"] = hidden
        if family.final:  # the last of theirs has been through the last norm
            last = seen.pop(f"{prefix}layers.{len(attentions) - 1}.resid.out")
            projected = last.shape[-1] != model.config.get_text_config().hidden_size
            seen["head.projected" if projected else f"{prefix}final"] = last
    for layer, weights in enumerate(out.get("cross_attentions") or ()):
        seen[f"decoder.layers.{layer}.cross.weights"] = weights
    if "logits" in out:
        seen["logits"] = out.logits
    return {name: np.ascontiguousarray(_split(name, _first(t).float().numpy(), model)) for name, t in seen.items()}


def _first(values: torch.Tensor) -> torch.Tensor:
    """The only item of the batch; the logits of a router have no batch axis."""
    return values if values.ndim == 2 else values[0]


def _stacks(family: Family, config: Any) -> dict[str, int]:
    """The prefix of the stages of each stack -> its number of layers."""
    if not family.target:
        return {"": config.get_text_config().num_hidden_layers}
    decoder = getattr(config, "num_decoder_layers", None) or config.decoder_layers
    return {"encoder.": config.num_hidden_layers, "decoder.": decoder}


def _keep(seen: dict[str, Any], stage: str) -> Callable[[Any, Any, Any], None]:
    def hook(module: Any, inputs: Any, output: Any) -> None:
        seen[stage] = output[0] if isinstance(output, tuple) else output

    return hook


def _split(name: str, values: NDArray[Any], model: Any) -> NDArray[Any]:
    """Queries, keys and values [position, heads · size] as [head, position, size]; other stages as they are."""
    if not name.endswith((".q", ".k", ".v")):
        return values
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    if name.startswith("decoder."):
        heads = getattr(config, "decoder_attention_heads", heads)
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    return values.reshape(len(values), -1, size).transpose(1, 0, 2)
