"""Recomputes each table that `attn explain` shows from the tables above it, by the formula printed with it and the
weights of the checkpoint. Nothing of attncli's mathematics is used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import attncli
from attncli.stages import attention_of
from tests.support.formulas import FUNCTIONS, Array, evaluate

Stage = Mapping[str, Any]
MATRICES = {
    "E": "embed.project", "Q": "q", "K": "k", "V": "v", "O": "output", "Qr": "distance_q", "Kr": "distance_k",
    "DQ": "q_down", "UQ": "q_up", "DKV": "kv_down", "KR": "k_shared", "UK": "k_up", "UV": "v_up",
}  # fmt: skip
"""W_… and b_… in formulas -> the parameters' names, within the attention or the stack."""
NORMS = {
    "attn.input": "attn.norm", "cross.input": "cross.norm", "resid.mid": "attn.norm", "embed": "embed.norm",
    "attn.output_normed": "attn.output_norm", "attn.q_normed": "attn.q_norm", "attn.k_normed": "attn.k_norm",
    "attn.q_latent_normed": "attn.q_latent_norm", "attn.kv_latent_normed": "attn.kv_latent_norm",
}  # fmt: skip
"""Stage -> the norm in its formula, within the layer or the stack."""


@dataclass
class Chain:
    """The tables shown so far, by the symbol that formulas give them, with all their heads: those shown, and the
    others, computed in the same way. `given`: those that are not computed, `read`: those that a later formula
    needs."""

    model: attncli.Model
    config: Mapping[str, Any]
    tokens: Mapping[str, Sequence[int]]  # the ids of each stack, by its prefix
    types: Sequence[int]
    shown: dict[tuple[str, str], tuple[str, Array]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def check(self, stage: Stage) -> None:
        """Raises AssertionError for a table that does not follow from those above it."""
        values = numbers(stage)
        here = Here(self, stage, values)
        if stage["formula"] == stage["symbol"]:  # given
            self.given.append(stage["name"])
            everything = values
        else:
            symbol, _, formula = stage["formula"].partition(" = ")
            assert symbol == stage["symbol"]
            everything = here.shaped(here.value_of(formula))
            kept = everything if stage["heads"] is None else everything[stage["heads"]]
            same(kept, values, stage["name"])
            everything = everything.copy()
            everything[slice(None) if stage["heads"] is None else stage["heads"]] = values
        prefix = "" if stage["symbol"] == "Y_enc" else here.stack
        self.shown[prefix, stage["symbol"]] = stage["name"], everything
        self.names.append(stage["name"])


def numbers(stage: Stage) -> Array:
    """The values of a stage in JSON, where only the mask makes a null: -inf."""
    values = np.array(stage["values"], np.float64)
    assert not np.isnan(values).any() or "masked" in stage["name"], stage["name"]
    return np.where(np.isnan(values), -np.inf, values)


def same(computed: Array, shown: Array, name: str) -> None:
    """Whether two arrays agree as far as float32 goes."""
    assert computed.shape == shown.shape, (name, computed.shape, shown.shape)
    finite = shown[np.isfinite(shown)]
    near_zero = 3e-5 * max(1.0, float(np.abs(finite).max(initial=0)))
    np.testing.assert_allclose(computed, shown, rtol=2e-4, atol=near_zero, err_msg=name)


@dataclass
class Here:
    """Where a stage is computed: what the names in its formula mean."""

    chain: Chain
    stage: Stage
    values: Array

    @property
    def stack(self) -> str:
        """`encoder.`, `decoder.` or nothing."""
        side = self.stage["name"].split(".")[0]
        return f"{side}." if side in ("encoder", "decoder") else ""

    @property
    def attention(self) -> str:
        """`layers.1.attn.`"""
        return self.stage["name"].rpartition(".")[0] + "."

    @property
    def within(self) -> str:
        """`attn.q` for layers.1.attn.q."""
        return re.sub(r"^layers\.\d+\.", "", self.stage["name"].removeprefix(self.stack))

    @property
    def ids(self) -> Array:
        return np.array(self.chain.tokens[self.stack])

    def parameter(self, name: str) -> Array:
        values = self.chain.model.weights(name)
        assert values is not None, f"{self.stage['name']}: there is no {name}"
        return values.astype(np.float64)

    def shaped(self, values: Array) -> Array:
        """[row, heads · d] as [head, row, d], where the stage has heads."""
        if values.ndim == 2 and self.stage["axes"][0] in ("head", "kv_head"):
            return values.reshape(len(values), -1, self.values.shape[-1]).swapaxes(0, 1)
        return values

    # ------------------------------------------------------------------ names

    def above(self, symbol: str) -> Array:
        """The table above that has this symbol, the nearest one."""
        found = self.chain.shown.get((self.stack, symbol)) or self.chain.shown.get(("", symbol))
        assert found is not None, f"{self.stage['name']}: {symbol} is not shown above it"
        self.chain.read.add(found[0])
        return found[1]

    def value(self, name: str) -> Array:
        if name in ("m", "s", "D"):
            return {"m": self.slopes, "s": self.sinks, "D": self.distances}[name]()
        if name == "d_k":
            return np.float64(attention_of(self.chain.model.spec, self.stage["name"]).d_head)
        if name in ("query", "key"):
            count = self.values.shape[-2 if name == "query" else -1]
            return np.arange(count)[:, None] if name == "query" else np.arange(count)[None]
        if name.startswith(("W_", "b_")):
            place = MATRICES[name[2:]]
            at = self.stack if place.startswith("embed.") else self.attention
            return self.parameter(at + place + (".weight" if name[0] == "W" else ".bias"))
        return self.above(name)

    def value_of(self, formula: str) -> Array:
        """The right side of a formula."""
        for pattern, rule in RULES:
            if match := re.fullmatch(pattern, formula):
                return rule(self, *match.groups())
        formula, _, limit = formula.partition(", c = ")

        def value(name: str) -> Array:
            return np.float64(limit) if name == "c" else self.value(name)

        functions: dict[str, Callable[..., Array]] = {
            "LayerNorm": lambda x: self.norm(x, centered=True),
            "RMSNorm": lambda x: self.norm(x, centered=False),
            "softmax": softmax,
            "tanh": np.tanh,
            "clip": lambda x, most: np.clip(x, -most, most),
            "concat": lambda x: x.swapaxes(0, 1).reshape(x.shape[1], -1),
            "beside": self.beside,
        }
        assert functions.keys() >= FUNCTIONS
        return evaluate(formula, value, functions)

    # ------------------------------------------------------------------ functions

    def norm(self, x: Array, centered: bool) -> Array:
        """(x - mean) / √(variance + ε), or x / √(mean of squares + ε), times the weight, plus the bias."""
        if "latent" in self.within:
            epsilon = 1e-6  # whatever config.json says (modeling_deepseek_v2.py)
        else:
            epsilon = next((v for k, v in self.chain.config.items() if re.search("eps(ilon)?$", k) and v), 1e-5)
        x = x - x.mean(-1, keepdims=True) if centered else x
        x = x / np.sqrt(np.square(x).mean(-1, keepdims=True) + epsilon)
        weight, bias = (self.norm_parameter(kind) for kind in ("weight", "bias"))
        if weight is not None:
            of_heads = weight[:, None] if weight.ndim == 2 else weight
            gemma = str(self.chain.config.get("model_type", "")).startswith("gemma")  # stored as distance from 1
            x = x * (1 + of_heads if gemma else of_heads)
        return x if bias is None else x + bias

    def norm_parameter(self, kind: str) -> Array | None:
        if self.within.endswith("_to_position") or self.within.endswith("_to_content"):
            place = f"{self.stack}distances.norm"
        else:
            place = self.stage["name"].removesuffix(self.within) + NORMS[self.within]
        values = self.chain.model.weights(f"{place}.{kind}")
        return None if values is None else values.astype(np.float64)

    def beside(self, left: Array, right: Array) -> Array:
        """[C_n W_UK, K_R]: each head's own part of the keys, and the part that all share. [M, s]: each row of
        scores, and the sink's."""
        if right.ndim == 1:
            return np.concatenate([left, np.broadcast_to(right[:, None, None], (*left.shape[:2], 1))], axis=-1)
        size = self.values.shape[-1] - right.shape[-1]
        left = left.reshape(len(left), -1, size).swapaxes(0, 1)
        return np.concatenate([left, np.broadcast_to(right, (len(left), *right.shape))], axis=-1)

    def sinks(self) -> Array:
        return self.parameter(f"{self.attention}sinks")

    def with_rising_bias(self, symbol: str) -> Array:
        """S' + m key / √d_k, where Falcon rounds m and m key to bfloat16."""
        return self.above(symbol) + short(short(self.slopes()) * self.value("key")) / np.sqrt(self.value("d_k"))

    def slopes(self) -> Array:
        """The slopes of ALiBi (Press et al. 2021, §3), as each family rounds and orders them. [head, 1, 1]"""
        heads, family = self.all_heads(), self.chain.config.get("model_type", "")
        if family == "mpt":
            n = 1 << (heads - 1).bit_length()
            steepest = self.chain.config["attn_config"].get("alibi_bias_max", 8)
            m = [2.0 ** (-steepest * h / n) for h in range(1, n + 1)]
            m = m if n == heads else (m[1::2] + m[::2])[:heads]
        else:
            n = 1 << (heads.bit_length() - 1)
            m = [2.0 ** (-8 * h / n) for h in range(1, n + 1)]
            m += [2.0 ** (-4 * h / n) for h in range(1, 2 * n, 2)][: heads - n]
        return np.array(m)[:, None, None]

    def all_heads(self) -> int:
        return attention_of(self.chain.model.spec, self.stage["name"]).heads

    def distances(self) -> Array:
        return self.parameter(f"{self.stack}distances.weight")

    # ------------------------------------------------------------------ formulas that are more than arithmetic

    def embedding(self) -> Array:
        return self.chain.model.weights.rows(f"{self.stack}embed.tokens.weight", self.ids).astype(np.float64)

    def segment(self) -> Array:
        return self.parameter(f"{self.stack}embed.types.weight")[list(self.chain.types)]

    def position_row(self, before: str | None, after: str | None) -> Array:
        """P[2 + pos], where the detail says how padding is counted."""
        rows = np.arange(len(self.ids)) + int(before or after or 0)
        if match := re.search(r"not padding \(id (\d+)\); padding gets P\[(\d+)\]", self.stage.get("detail", "")):
            pad, row = map(int, match.groups())
            counted = self.ids != pad
            rows = np.where(counted, np.cumsum(counted) - 1 + int(before or 0), row)
        return self.chain.model.weights.rows(f"{self.stack}embed.positions.weight", rows).astype(np.float64)

    def sines(self, denominator: str, first: str | None) -> Array:
        """[sin θ, cos θ]: all sines, then all cosines."""
        width = self.values.shape[-1]
        pos, padding = np.arange(len(self.ids)) + float(first or 0), np.zeros(len(self.ids), bool)
        if match := re.search(r"padding \(id (\d+)\) is not counted and gets zeros", self.stage.get("detail", "")):
            padding = self.ids == int(match[1])
            pos = np.cumsum(~padding) - 1 + float(first or 0)
        if denominator == "2i/d":  # of an odd width, the middle one is a sine
            exponent = 2 * np.arange((width + 1) // 2) / width
        else:  # an odd width ends with a 0
            exponent = np.arange(width // 2) / (width // 2 - 1)
        angles = pos[:, None] / 10000.0**exponent
        table = np.zeros((len(pos), width))
        halves = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)[:, :width]
        table[:, : halves.shape[-1]] = halves
        return np.where(padding[:, None], 0.0, table)

    def sines_in_turn(self) -> Array:
        width = self.values.shape[-1]
        angles = np.arange(len(self.ids))[:, None] / 10000.0 ** (np.arange(0, width, 2) / width)
        return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(self.ids), width)

    def rotated(self, symbol: str) -> Array:
        """Pairs of dimensions, turned by pos · θ: which, and how, the detail says; θ is the model's."""
        x, detail = self.above(symbol).copy(), self.stage.get("detail", "")
        first, last = (
            map(int, m.groups()) if (m := re.search(r"(\d+) to (\d+) of", detail)) else (0, x.shape[-1] - 1)
        )
        times = float(m[1]) if (m := re.search(r"multiplied by ([\d.]+)", detail)) else 1.0
        rotary = attention_of(self.chain.model.spec, self.stage["name"]).rotary
        assert rotary is not None
        angles = np.arange(x.shape[1])[:, None] * rotary.frequencies(x.shape[1]).astype(np.float64)
        turn = times * np.exp(1j * angles)
        dims = np.arange(first, last + 1)
        real, other = (dims[::2], dims[1::2]) if "neighbor" in detail else np.split(dims, 2)
        turned = (x[..., real] + 1j * x[..., other]) * turn
        x[..., real], x[..., other] = turned.real, turned.imag
        return x

    def unmasked(self, symbol: str) -> Array:
        return self.above(symbol)

    def masked(self, symbol: str, condition: str) -> Array:
        query, key = self.value("query"), self.value("key")
        if match := re.fullmatch(r"\|query - key\| ≤ (\d+)", condition):
            seen = np.abs(query - key) <= int(match[1])
        else:
            match = re.fullmatch(r"(?:query - (\d+) < )?key ≤ query", condition)
            assert match, f"not understood: {condition}"
            seen = (key <= query) & (key > query - int(match[1] or len(query)))
        return np.where(seen, self.above(symbol), -np.inf)

    def without_sink(self) -> Array:
        return self.above("A_s")[..., :-1]

    def concatenated(self, symbol: str) -> Array:
        x = self.above(symbol)
        return x.swapaxes(0, 1).reshape(x.shape[1], -1)

    def buckets(self, symbol: str) -> Array:
        """b[bucket(key - query)]: half of the buckets are single distances, the others grow up to the farthest
        (Raffel et al. 2019, §2.1)."""
        mpnet = self.chain.config["model_type"] == "mpnet"
        table = self.parameter(f"{self.stack}{'distances' if mpnet else 'relative'}.weight")  # [bucket, head]
        farthest = self.chain.config.get("relative_attention_max_distance", 128)
        count = 32 if mpnet else len(table)  # MPNet has 32, whatever the size of its table
        distance = self.value("key") - self.value("query")
        far, later = -distance, 0
        if self.stack != "decoder.":
            count //= 2
            far, later = np.abs(distance), np.where(distance > 0, count, 0)
        far, single = np.maximum(far, 0), count // 2
        grown = single + np.log(np.maximum(far, 1) / single) / np.log(farthest / single) * (count - single)
        bucket = later + np.where(far < single, far, np.minimum(np.floor(grown + 1e-6), count - 1).astype(int))
        return self.above(symbol) + table[bucket].transpose(2, 0, 1)

    def by_distance(self, letter: str, other: str) -> Array:
        """c (Q K_rᵀ)[query, δ(query, key)] and its mirror image (He et al. 2020, §3)."""
        detail, query, key = self.stage["detail"], self.value("query"), self.value("key")
        (c,), (made,) = re.findall(r"c = ([\d.]+)", detail), re.findall(rf"{other}_r = ([^;]+)", detail)
        ((bucketed, span, last),) = re.findall(
            r"δ\(query, key\) = (bucket\()?query - key\)? \+ (\d+), kept within 0 to (\d+)", detail
        )
        offset = query - key
        if bucketed:
            half = self.chain.config["position_buckets"] // 2
            farthest = self.chain.config["max_relative_positions"]
            farthest = farthest if farthest > 0 else self.chain.config["max_position_embeddings"]
            size = np.maximum(np.abs(offset), half)
            grown = half + np.ceil(np.log(size / half) / np.log((farthest - 1) / half) * (half - 1) - 1e-6)
            offset = np.where(np.abs(offset) <= half, offset, np.sign(offset) * grown).astype(int)
        delta = np.clip(offset + int(span), 0, int(last))
        vectors = self.value_of(made)  # [distance, heads · d]
        vectors = vectors.reshape(len(vectors), self.all_heads(), -1).swapaxes(0, 1)
        match = self.above(letter) @ vectors.swapaxes(-1, -2)  # [head, position, distance]
        rows = np.broadcast_to(query if letter == "Q" else key, delta.shape)
        return float(c) * match[:, rows, delta]


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def short(x: Array) -> Array:
    """Rounded to the 8 significant bits of bfloat16."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


RULES: Sequence[tuple[str, Callable[..., Array]]] = (
    (r"E\[id\]", Here.embedding),
    (r"T\[segment\]", Here.segment),
    (r"P\[(?:(\d+) \+ )?pos(?: \+ (\d+))?\]", Here.position_row),
    (r"\[sin θ, cos θ\], θ_i = pos / 10000\^\(?(2i/d|i / \(d/2 - 1\))\)?(?:, pos from (\d+))?", Here.sines),
    (r"sin, cos of pos / 10000\^\(2i/d\)", Here.sines_in_turn),
    (r"rotate\((\S+), pos · θ\)", Here.rotated),
    (r"(\S+): no mask, every query sees every key", Here.unmasked),
    (r"(\S+) where (.+), else -inf", Here.masked),
    (r"A_s without the sink", Here.without_sink),
    (r"concat\((\S+)\): this layer has no W_O", Here.concatenated),
    (r"(\S+) \+ m key / √d_k", Here.with_rising_bias),
    (r"(\S+) \+ b\[bucket\(key - query\)\]", Here.buckets),
    (r"c \((Q) (K)_rᵀ\)\[query, δ\(query, key\)\]", Here.by_distance),
    (r"c \((K) (Q)_rᵀ\)\[key, δ\(query, key\)\]", Here.by_distance),
)
"""Formulas that are more than arithmetic."""


def chain_of(
    model: attncli.Model, document: Mapping[str, Any], folder: Path | None, types: Sequence[int] = ()
) -> Chain:
    """Checks each table of a document that `attn explain --json` printed."""
    config = {} if folder is None else json.loads((folder / "config.json").read_text("utf-8"))
    ids = [token["id"] for token in document["tokens"]]
    tokens = {"": ids, "encoder.": ids}
    if "target" in document:
        tokens["decoder."] = [token["id"] for token in document["target"]["tokens"]]
    chain = Chain(model, config, tokens, types or [0] * len(ids))
    for stage in document["stages"]:
        chain.check(stage)
    return chain
