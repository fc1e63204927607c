"""mT5."""

from __future__ import annotations

from tests.support.families import Case, Config, Family
from tests.support.families.t5 import T5, draw_fields, modules, of_1_1, with_its_own_head


def without_what_is_usual(config: Config) -> Config:
    config = of_1_1(config | {"scale_decoder_outputs": None})
    del config["feed_forward_proj"]
    return config


CASES = {
    "mt5-tied": Case(T5 | {"num_heads": 4, "feed_forward_proj": "relu"}),
    "mt5-own-head": Case(T5, tensors=with_its_own_head, config=without_what_is_usual),
}

FAMILY = Family(
    "mt5", "MT5ForConditionalGeneration", "MT5Model", CASES, draw_fields, modules, target=True, spread=1.3
)
