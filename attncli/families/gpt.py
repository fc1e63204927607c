"""What the kin of GPT-2 have in common: LayerNorm, a feed-forward without a gate, and often queries, keys and
values in one fused matrix. A family's own file says in what it differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from attncli.checkpoints import Take
from attncli.errors import AttnError
from attncli.families import Tensor, tied_head
from attncli.families.config import Config
from attncli.spec import Embed, Head, Layer, Norm, Spec, Stack

PREFIXES = ("transformer.",)
QKV = frozenset("qkv")


def size(config: Config, default: int, *names: str) -> int:
    """A count that has had several names. Raises AttnError where two of them disagree."""
    given = {name: config.size(name) for name in names if config.get(name, None) is not None}
    if len(set(given.values())) > 1:
        said = " and ".join(f"{name} = {value}" for name, value in given.items())
        raise AttnError(f"{config.file}: {said} are names of the same size.", "Remove the wrong one.")
    return next(iter(given.values()), default)


def fused(theirs: str, heads: int, kv_heads: int) -> dict[str, Tensor]:
    """Queries, keys and values as one Linear. Its rows are, for each key and value head, those of the queries
    that share it, then its key, then its value."""

    def take(which: slice) -> Take:
        def taken(stored: NDArray[Any]) -> NDArray[Any]:
            inputs = stored.shape[1:]
            groups = stored.reshape(kv_heads, heads // kv_heads + 2, -1, *inputs)  # [kv_head, q … k v, d_head, …]
            return groups[:, which].reshape(-1, *inputs)

        return taken

    places = {"q": slice(-2), "k": slice(-2, -1), "v": slice(-1, None)}
    return {
        f"layers.{{L}}.attn.{ours}.{kind}": Tensor(f"{theirs}.{kind}", kind == "weight", take(which))
        for ours, which in places.items()
        for kind in ("weight", "bias")
    }


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
