"""What GPT-2 and its relatives share: LayerNorm, a feed-forward without a gate, and often queries, keys and values
in one fused matrix. Each family's file says how it differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from attncli.architecture.spec import Embed, Head, Layer, Norm, Spec, Stack
from attncli.checkpoints import Take
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, norm, tied_head

PREFIXES = ("transformer.",)


def tensors() -> dict[str, Tensor]:
    """GPT-2's tensors, except those of the attention; matrices are stored [out, in], as torch Linears."""
    return {
        "embed.tokens.weight": Tensor("wte.weight"),
        "embed.positions.weight": Tensor("wpe.weight"),
        **norm("layers.{L}.attn.norm", "h.{L}.ln_1"),
        **norm("layers.{L}.mlp.norm", "h.{L}.ln_2"),
        **linear("layers.{L}.mlp.hidden", "h.{L}.mlp.c_fc"),
        **linear("layers.{L}.mlp.output", "h.{L}.mlp.c_proj"),
        **norm("final.norm", "ln_f"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def by_groups(heads: int, kv_heads: int) -> dict[str, Take]:
    """Takes q, k and v from one fused Linear. For each key and value head it has the rows of the query heads that
    share it, then the rows of the key, then those of the value."""

    def take(heads_of_group: slice) -> Take:
        def taken(stored: NDArray[Any]) -> NDArray[Any]:
            inputs = stored.shape[1:]
            groups = stored.reshape(kv_heads, heads // kv_heads + 2, -1, *inputs)  # [kv_head, q … k v, d_head, …]
            return groups[:, heads_of_group].reshape(-1, *inputs)

        return taken

    return {"q": take(slice(-2)), "k": take(slice(-2, -1)), "v": take(slice(-1, None))}


def gpt_decoder(
    family: str,
    config: Config,
    has: Callable[[str], bool],
    embed: Embed,
    layers: Sequence[Layer],
    final_norm: Norm | None,
    *,
    d_model: int,
    vocab: int,
    tied: bool = True,
    **head: Any,
) -> Spec:
    """The Spec of a decoder. `vocab` and `tied` are the family's defaults; `head`: more fields of `Head`."""
    own = has("lm_head.weight")
    is_tied = tied_head(config, tied, own)
    return Spec(
        family,
        d_model,
        config.size("vocab_size", vocab),
        (Stack(embed, tuple(layers), final_norm),),
        Head(is_tied, **head) if is_tied or own else None,
    )
