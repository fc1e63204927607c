"""XLM-RoBERTa (Conneau et al. 2019): RoBERTa trained on a hundred languages."""

from __future__ import annotations

from functools import partial

from attncli.family import roberta

PREFIXES = roberta.PREFIXES
tensors = roberta.tensors
spec = partial(roberta.spec, family="xlm-roberta", vocab=30522)
