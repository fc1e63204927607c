"""The list of families is that of the files in the package."""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules

import pytest

from attncli import family
from attncli.configs.fields import Config
from attncli.errors import AttnError


def test_every_file_is_a_listed_family() -> None:
    files = {module.name for module in iter_modules(family.__path__)}
    assert files == {name.replace("-", "_") for name in family.FAMILIES}
    assert set(family.FORMER.values()) <= set(family.FAMILIES)


@pytest.mark.parametrize("name", family.FAMILIES)
def test_the_module_of_a_family_defines_what_a_family_must(name: str) -> None:
    module = family.family_of(Config({"model_type": name}, Path("config.json")))
    assert module.PREFIXES is not None
    assert callable(module.tensors)
    assert callable(module.spec)


def test_an_unknown_family_is_named_with_the_nearest() -> None:
    with pytest.raises(
        AttnError, match=r"model_type 'lama' is not a family that attn knows\.\nDid you mean llama"
    ):
        family.family_of(Config({"model_type": "lama"}, Path("config.json")))
