"""The Python API of what needs no forward pass: checkpoints, families, stages; and the overview of maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attncli.model.loading import load_model
from attncli.model.model import Model
from attncli.model.request import names
from attncli.notebook import Results, shown

if TYPE_CHECKING:
    from attncli.insights.maps import MapSection
    from attncli.insights.overview import Overview
    from attncli.model.describing import Description
    from attncli.model.family_traits import FamilyTraits
    from attncli.model.stage_descriptions import StageDescription


def describe(source: str | Path, ignore_config: Sequence[str] = ()) -> Description:
    """Describes a checkpoint as `attn model` shows it, from its config.json and the headers of its files alone.

    `source`, `ignore_config`: as in `load_model`. What attn would refuse is described too; `refusal` says why.

    >>> import attncli
    >>> attncli.describe("story").family
    'llama'

    Raises AttnError where there is no checkpoint, or its files are broken.
    """
    from attncli.model import describing

    return shown(describing.describe(source, ignore_config))


def families(only: str | Iterable[str] | None = None) -> Results[FamilyTraits]:
    """Every family of models that attn knows, or those named, with the traits that its default config.json
    gives, as `attn families` shows them.

    >>> import attncli
    >>> [family.family for family in attncli.families("llama")]
    ['llama']

    Raises UsageError for an unknown name.
    """
    from attncli.model.family_traits import families as traits_of

    return Results(traits_of(names("only", only) or ()))


def catalogue(
    only: str | Iterable[str] | None = None, model: Model | str | Path | None = None
) -> Results[StageDescription]:
    """The stages, with their formulas, axes, meanings and other names, as `attn stages` shows them: all, or those
    named, of a model or of every family that attn knows.

    >>> import attncli
    >>> [stage.formula for stage in attncli.catalogue("weights")]
    ['A = softmax(M)']

    Raises UsageError for a name that no stage has.
    """
    loaded = model if model is None or isinstance(model, Model) else load_model(model)
    from attncli.model.stage_descriptions import stage_descriptions

    return Results(stage_descriptions(names("only", only) or (), loaded))


def overview(sections: Sequence[MapSection], score: str = "pattern") -> Results[Overview]:
    """One number for every head of maps of self-attention, as `attn map --overview` shows it: `score` is `pattern`
    (how well a head fits its clearest pattern), a pattern (`previous`, `first`, `self`, `same`, `induction`) or
    `entropy` (in bits). Sections without scores are left out, as those of cross-attention.

    >>> import attncli
    >>> (shown,) = attncli.overview(attncli.maps("The cat sat on the mat", pool=1), "previous")
    >>> shown.values.shape, f"{shown.values[1, 0]:.2f}"
    ((4, 4), '0.98')

    Raises UsageError for an unknown score, and for one that no head has, as those of identical tokens in a text
    without any.
    """
    from attncli.insights.overview import overviews

    return Results(overviews(sections, score), sections.head if isinstance(sections, Results) else None)
