"""A medium is one file and one line, a view is one file: each view comes out in each medium."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from safetensors.numpy import load

import attncli
from attncli.errors import UsageError
from attncli.render.page.formats import FORMATS, Format, format_of, write
from attncli.render.page.page import Options, Page, Section
from attncli.views import families, maps, model, similarity, stages, tokens, versus, worked_example
from tests.support import toy_view

OPTIONS = Options(width=80)
MARKED = {name: f.kind for name, f in FORMATS.items()}
PEOPLE = [name for name, kind in MARKED.items() if kind in ("words", "picture")]


def written(name: str, page: Page) -> bytes:
    output = io.BytesIO()
    write(name, page, output, OPTIONS)
    return output.getvalue()


# ------------------------------------------------------------------ a toy medium renders every view


def of_stages() -> Page:
    trace = attncli.trace("the cat sat", model=attncli.load_model(seed=0), stages=["attn.*"], layers=[0])
    return stages.page(trace, OPTIONS, trace.values())


def of_worked_example() -> Page:
    examples = attncli.follow("the cat sat", query=2, model=attncli.load_model(seed=0), layers=0, heads=0)
    return worked_example.page(attncli.trace("the cat sat", model=attncli.load_model(seed=0), stages="q"), examples,
                               None, None, OPTIONS)  # fmt: skip


VIEWS: dict[str, Callable[[], Page]] = {"stages": of_stages, "worked_example": of_worked_example}
