"""CamemBERT (Martin et al. 2019): RoBERTa trained on French."""

from __future__ import annotations

from functools import partial

from attncli.family import roberta

PREFIXES = roberta.PREFIXES
tensors = roberta.tensors
spec = partial(roberta.spec, family="camembert", vocab=30522)
