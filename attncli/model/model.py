"""A model: its spec, its weights and its tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attncli.architecture.parameters import Weights
from attncli.architecture.spec import Spec
from attncli.text.tokenization import Tokenizer
from attncli.text.tokens import Tokens

if TYPE_CHECKING:
    from attncli.tracing.trace import ModelInfo


@dataclass(frozen=True, eq=False)
class Model:
    """Everything needed to trace a text.

    `source`: where it comes from, a path or the seed. `layer`: the layer to show if none is requested. The
    vocabulary of seeded weights is the words of the sentence, so `spec` and `weights` depend on the tokens: `bind`
    gives the model for some tokens.
    """

    name: str
    source: str
    spec: Spec
    weights: Weights
    tokenizer: Tokenizer | None
    bind: Callable[[Model, Tokens], Model] = lambda model, tokens: model
    layer: int = 0

    def __repr__(self) -> str:
        """Model('story', llama, 4 layers × 4 heads, d_model 128)"""
        layers = " + ".join(str(len(stack.layers)) for stack in self.spec.stacks)
        sizes = f"{layers} layers × {self.spec.heads} heads, d_model {self.spec.d_model}"
        return f"Model({self.name!r}, {self.spec.family}, {sizes})"

    @property
    def info(self) -> ModelInfo:
        from attncli.tracing.trace import ModelInfo

        s = self.spec
        return ModelInfo(
            name=self.name,
            family=s.family,
            source=self.source,
            layers=len(s.main.layers),
            heads=s.heads,
            kv_heads=s.kv_heads,
            d_model=s.d_model,
            d_head=s.d_head,
            vocab=s.vocab,
            positions=s.positions,
            causal=s.causal,
            encoder_layers=0 if s.encoder is None else len(s.encoder.layers),
        )
