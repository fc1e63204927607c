"""The scaling of rotary positions in GGUF files, as rope_scaling of config.json."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from attncli.checkpoints.gguf_file import GgufFile
from attncli.errors import AttnError
from attncli.formula.positions import inverse_frequencies, scale_llama3
from attncli.language import N_, listed

ROPE_TENSORS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")


def rope_scaling(
    file: GgufFile, config: Mapping[str, Any], values: Mapping[str, Callable[[], Any]]
) -> dict[str, Any] | None:
    """rope_scaling of config.json; GGUF stores it as a type with numbers, or as a tensor of divisors. None: no
    scaling."""
    factor, original, attention = (
        values.get(f"rope.scaling.{name}", lambda: None)()
        for name in ("factor", "original_context_length", "attn_factor")
    )
    # As in llama.cpp, a factor without a type is linear, and a factor of 0 is no scaling
    kind = values.get("rope.scaling.type", lambda: "linear" if factor else "none")()
    if "rope_factors_long.weight" in file.tensors and kind in ("none", "longrope"):
        return _long_rope(file, config, original, attention)
    others = [name for name in ROPE_TENSORS if name in file.tensors]
    if others == ["rope_freqs.weight"] and kind == "none":
        return _llama3(file, config)
    if attention not in (None, 1.0):
        others.append("attn_factor")
    if others:
        raise AttnError(
            N_(
                "{path}: rope scaling {kind!r} with {others} is not supported.",
                path=file.path,
                kind=kind,
                others=listed(*others),
            )
        )
    if kind == "none":
        return None
    scaling = {"rope_type": kind, "factor": factor}
    return scaling if kind == "linear" else scaling | {"original_max_position_embeddings": original}


def _long_rope(file: GgufFile, config: Mapping[str, Any], original: Any, attention: Any) -> dict[str, Any]:
    """Long and short factors (Ding et al. 2024, LongRoPE). attention_factor is added only where it differs from
    what `transformers` computes: √(1 + ln s / ln original), where s is the context length over the original
    one."""
    if "rope_factors_short.weight" not in file.tensors:
        raise AttnError(
            N_("{path} has rope_factors_long.weight, but no rope_factors_short.weight.", path=file.path)
        )
    factors = {n: file.tensors[f"rope_factors_{n}.weight"].rows(slice(None)).tolist() for n in ("long", "short")}
    scaling = {"rope_type": "longrope", **{f"{n}_factor": values for n, values in factors.items()}}
    length = config.get("max_position_embeddings")
    if not isinstance(original, int) or not isinstance(length, int):
        raise AttnError(
            N_(
                "{path}: rope_factors_long.weight needs context_length and rope.scaling.original_context_length.",
                path=file.path,
            )
        )
    scaling["original_max_position_embeddings"] = original
    grown = length / original
    usual = math.sqrt(1 + math.log(grown) / math.log(original)) if grown > 1 else 1.0
    if attention is not None and abs(attention - usual) > 1e-5:
        scaling["attention_factor"] = attention
    return scaling


def _llama3(file: GgufFile, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of Llama 3's scaling, recovered from the divisors in the file. Every Llama 3 has
    low_freq_factor 1 and high_freq_factor 4. The factor is the largest divisor f. The original length follows from
    a frequency between the two bounds: wavelength · (3 smooth + 1), where 1 / f = (1 - smooth) / factor + smooth.

    Raises AttnError where the settings do not give back the divisors.
    """
    factors = file.tensors["rope_freqs.weight"].rows(slice(None)).astype(np.float64).reshape(-1)
    if not np.isfinite(factors).all() or (factors <= 0).any():
        raise AttnError(N_("{path}: rope_freqs.weight has factors that are not numbers above 0.", path=file.path))
    plain = inverse_frequencies(2 * len(factors), float(config.get("rope_theta", 10000.0)))
    wavelength, largest = 2 * np.pi / plain, float(factors.max())
    between = (factors > 1 + 1e-6) & (factors < largest * (1 - 1e-6))
    if between.any():
        smooth = (1 / factors[between] - 1 / largest) / (1 - 1 / largest)
        original = round(float(np.median(wavelength[between] * (3 * smooth + 1))))
    else:  # any length whose bounds fall between the same two frequencies gives the same divisors
        original = math.floor(float(wavelength[factors == largest].min()))
    if not np.allclose(scale_llama3(plain, largest, 1.0, 4.0, original), plain / factors, rtol=1e-5, atol=0):
        raise AttnError(
            N_("{path}: the factors of rope_freqs.weight are not those of Llama 3's scaling.", path=file.path)
        )
    return {"rope_type": "llama3", "factor": largest, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": original}  # fmt: skip


# ------------------------------------------------------------------ tensors
