"""What the kin of GPT-2 have in common: LayerNorm, a feed-forward without a gate, and often queries, keys and
values in one fused matrix. A family's own file says in what it differs.
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
    """GPT-2's tensors, as Linears, but those of its attention."""
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
    """Takes from queries, keys and values as one Linear. Its rows are, for each key and value head, those of the
    queries that share it, then its key, then its value."""

    def take(which: slice) -> Take:
        def taken(stored: NDArray[Any]) -> NDArray[Any]:
            inputs = stored.shape[1:]
            groups = stored.reshape(kv_heads, heads // kv_heads + 2, -1, *inputs)  # [kv_head, q … k v, d_head, …]
            return groups[:, which].reshape(-1, *inputs)

        return taken

    return {"q": take(slice(-2)), "k": take(slice(-2, -1)), "v": take(slice(-1, None))}


def model(
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
    """The Spec of a decoder. `vocab` and `tied` are the family's defaults; `head` are fields of `Head`."""
    own = has("lm_head.weight")
    is_tied = tied_head(config, tied, own)
    return Spec(
        family,
        d_model,
        config.size("vocab_size", vocab),
        (Stack(embed, tuple(layers), final_norm),),
        Head(is_tied, **head) if is_tied or own else None,
    )
