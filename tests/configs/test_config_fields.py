"""Every config.json gives either a Spec or an AttnError that tells the user what to do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attncli.configs.fields import Config
from attncli.errors import AttnError
from attncli.family import family_of
from attncli.model.loading import open_checkpoint
from attncli.model.weights import family_names

FOLDERS = sorted(file.parent for file in Path(__file__).parent.parent.glob("golden/*/expected.safetensors"))
WRONG: tuple[Any, ...] = (None, "x", -1, 0, 1.5, True, [], ["x"], {}, {"x": "x"})


def wrong_values(value: Any) -> Iterator[Any]:
    """Wrong values for a field; for an object or a list, also the same with one wrong value inside."""
    yield from WRONG
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from (value | {name: wrong} for wrong in wrong_values(inner))
    if isinstance(value, list) and value:
        yield from (value[:-1], [*value, value[0]])
        yield from ([wrong, *value[1:]] for wrong in wrong_values(value[0]))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_wrong_value_of_any_field_is_an_attn_error_or_harmless(folder: Path) -> None:
    config, checkpoint, _ = open_checkpoint(folder, frozenset())
    family = family_of(config)
    has = family_names(checkpoint, family.PREFIXES).__contains__
    family.spec(config, has)
    family.tensors(config)
    for field in sorted(config.free | config.fields.keys()):
        for wrong in wrong_values(config.fields.get(field)):
            changed = Config(config.fields | {field: wrong}, config.file)
            try:
                with warnings.catch_warnings(action="error"):  # such as a division by zero
                    family.spec(changed, has)
                    family.tensors(changed)
            except AttnError:
                continue
            except Exception as error:
                raise AssertionError(f"{field} = {wrong!r}") from error
