"""What other tools, and people, call our stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from attncli.architecture.spec import Norm, Spec, Stack
from attncli.errors import UsageError
from attncli.language import N_
from attncli.stages.catalogue import CATALOGUE, offered
from attncli.stages.names import CROSS, EMBED, FINAL, SELF, relative

Names = Mapping[str, tuple[str, ...]]
"""Another name -> our names; the first that the model has is meant."""
Modules = Callable[[], Mapping[str, tuple[str, ...]]]
"""The modules of the model in `transformers`, with {L} for the layer -> our names of what they give."""

TRANSFORMER_LENS: Names = {
    "hook_embed": ("embed.tokens",),
    "hook_pos_embed": ("embed.positions",),
    "hook_resid_mid": ("resid.mid_sum", "resid.mid"),
    "hook_resid_post": ("resid.out_sum", "resid.out"),
    "hook_normalized_resid_post": ("resid.out",),
    "attn.hook_q": ("attn.q",),
    "attn.hook_k": ("attn.k",),
    "attn.hook_v": ("attn.v",),
    "attn.hook_rot_q": ("attn.q_rotated",),
    "attn.hook_rot_k": ("attn.k_rotated",),
    "attn.hook_attn_scores": ("attn.masked",),
    "attn.hook_pattern": ("attn.weights",),
    "attn.hook_z": ("attn.mixed",),
    "attn.hook_result": ("attn.heads",),
    "hook_attn_out": ("attn.output_normed", "attn.output"),
    "hook_cross_attn_in": ("resid.mid",),
    "hook_cross_attn_out": ("cross.output",),
    "hook_resid_mid_cross": ("resid.cross",),
    "hook_mlp_in": ("resid.mid",),
    "mlp.hook_pre": ("mlp.gate", "mlp.hidden"),
    "mlp.hook_pre_linear": ("mlp.hidden",),
    "mlp.hook_post": ("mlp.activated",),
    "hook_mlp_out": ("mlp.output_normed", "mlp.output"),
    "hook_logits": ("logits",),
}
"""TransformerLens 2 (components/*.py). Its hook_attn_in and hook_mlp_in are taken before the norm; hook_resid_mid
and hook_resid_post of a BERT block too."""
BEFORE_THE_GAIN: Mapping[str, tuple[str, str, Callable[[Stack], list[Norm | None]]]] = {
    "ln1.hook_normalized": ("attn.input", "resid.mid", lambda stack: [layer.attn_norm for layer in stack.layers]),
    "ln2.hook_normalized": ("mlp.input", "resid.out", lambda stack: [layer.mlp_norm for layer in stack.layers]),
    "ln_final.hook_normalized": (FINAL, FINAL, lambda stack: [stack.final_norm]),
}
"""TransformerLens takes these before the gain of the norm, which it multiplies into the next matrix; ours (those
of a post-norm block second) are after it. They are the same where the norm has no gain."""
LLAMA_CPP: Names = {
    "inp_embd": ("embed.tokens",),
    "attn_norm": ("attn.input",),
    "Qcur": ("attn.q_rotated", "attn.q_normed", "attn.q"),
    "Kcur": ("attn.k_rotated", "attn.k_normed", "attn.k"),
    "Vcur": ("attn.v",),
    "Qcur_normed": ("attn.q_normed",),
    "Kcur_normed": ("attn.k_normed",),
    "kq": ("attn.scores",),
    "kq_soft_max": ("attn.weights",),
    "kq_soft_max_ext": ("attn.weights",),
    "kqv": ("attn.mixed",),
    "kqv_out": ("attn.mixed",),
    "attn_out": ("attn.output",),
    "attn_post_norm": ("attn.output_normed",),
    "ffn_inp": ("resid.mid",),
    "ffn_norm": ("mlp.input",),
    "ffn_gate": ("mlp.gate",),
    "ffn_up": ("mlp.hidden",),
    "ffn_gate_par": ("mlp.activated",),
    "ffn_swiglu": ("mlp.activated",),
    "ffn_geglu": ("mlp.activated",),
    "ffn_down": ("mlp.output",),
    "ffn_out": ("mlp.output",),
    "ffn_post_norm": ("mlp.output_normed",),
    "ffn_moe_logits": ("mlp.router",),
    "ffn_moe_weights": ("mlp.routed",),
    "ffn_moe_weights_norm": ("mlp.routed",),
    "ffn_moe_out": ("mlp.output",),
    "l_out": ("resid.out",),
    "result_norm": (FINAL,),
    "result_output": ("logits",),
}
"""llama.cpp's names in its graph (src/llama-graph.cpp, src/models/), which end in -LAYER. It gives Qcur and Kcur
to several arrays; the last is meant, which makes the scores. kqv_out is taken before W_O."""
WORDS: Names = {
    "pattern": ("attn.weights",),
    "softmax": ("attn.weights",),
    "attention": ("attn.weights",),
    "attentions": ("attn.weights",),
    "attn": ("attn.weights",),
    "attn_weights": ("attn.weights",),
    "attention_weights": ("attn.weights",),
    "attn_probs": ("attn.weights",),
    "cross_attention": ("cross.weights",),
    "cross_attentions": ("cross.weights",),
    "query": ("attn.q",),
    "queries": ("attn.q",),
    "key": ("attn.k",),
    "keys": ("attn.k",),
    "value": ("attn.v",),
    "values": ("attn.v",),
    "qk": ("attn.scores",),
    "qkt": ("attn.scores",),
    "qk^t": ("attn.scores",),
    "qkᵀ": ("attn.scores",),
    "attn_scores": ("attn.masked",),
    "attention_scores": ("attn.masked",),
    "mask": ("attn.masked",),
    "rope": ("attn.q_rotated",),
    "z": ("attn.mixed",),
    "context": ("attn.mixed",),
    "attn_out": ("attn.output",),
    "attn_output": ("attn.output",),
    "embedding": (EMBED,),
    "embeddings": (EMBED,),
    "token_embeddings": ("embed.tokens",),
    "positions": ("embed.positions",),
    "pos_embed": ("embed.positions",),
    "position_embeddings": ("embed.positions",),
    "resid_mid": ("resid.mid",),
    "resid_post": ("resid.out",),
    "residual": ("resid.out",),
    "hidden_states": ("resid.out",),
    "mlp": ("mlp.output",),
    "ffn": ("mlp.output",),
    "feed_forward": ("mlp.output",),
    "mlp_out": ("mlp.output",),
    "neurons": ("mlp.activated",),
    "router": ("mlp.router",),
    "experts": ("mlp.routed",),
    "last_hidden_state": (FINAL,),
    "unembed": ("logits",),
    "probabilities": ("probs",),
}
"""Words in use for a stage, in small letters."""

_PLACE = re.compile(
    r"(?P<side>(?:encoder|decoder)\.)?"
    r"(?:(?:layers|blocks|block|layer|h)\.(?P<layer>[^.]+)\.|(?P<number>[\d*?-]+)\.)?"
    r"(?P<name>.+)"
)


class _Place(NamedTuple):
    """A name, taken apart: `decoder.`, `3` and `attn.hook_q` for decoder.3.attn.hook_q or
    decoder.blocks.3.attn.hook_q."""

    side: str
    layer: str | None
    name: str

    def at(self, name: str) -> str:
        """A stage of ours in this place."""
        if self.layer is None or name not in _IN_LAYERS:
            return f"{self.side}{name}"
        return f"{self.side or '*'}layers.{self.layer}.{name}"


_IN_LAYERS = {
    name for name, entry in CATALOGUE.items() if "." in name and not name.startswith(("embed.", "head."))
}


def translations(spec: Spec, pattern: str, modules: Modules) -> list[str]:
    """The patterns of ours that another tool's name, or a word, stands for; none if nothing has that name. Raises
    UsageError for a name of TransformerLens that means numbers that are no stage here."""
    known = {relative(name) for name in offered(spec)}
    place = _placed(pattern)
    if place is None:
        return []
    if place.layer is not None and (own := _first((place.name, f"{SELF}.{place.name}"), known)):
        return [place.at(own)]  # blocks.3.attn.q
    for found in (_transformer_lens(spec, place, known), _llama_cpp(place, known), _word(place, known)):
        if found:
            return found
    return list(_module(pattern, modules()))


def _placed(pattern: str) -> _Place | None:
    match = _PLACE.fullmatch(pattern)
    return None if match is None else _Place(match["side"] or "", match["layer"] or match["number"], match["name"])


def _first(names: tuple[str, ...], known: set[str]) -> str | None:
    return next((name for name in names if name in known), None)


def _transformer_lens(spec: Spec, place: _Place, known: set[str]) -> list[str]:
    side, layer, name = place
    if (
        name in ("hook_resid_pre", "hook_attn_in", "hook_q_input", "hook_k_input", "hook_v_input")
        and layer is not None
    ):
        before = int(layer) - 1 if re.fullmatch(r"\d{1,18}", layer) else layer
        return [f"{side}{EMBED}" if before == -1 else f"{side or '*'}layers.{before}.resid.out"]
    if name in BEFORE_THE_GAIN:
        before, after, norms_of = BEFORE_THE_GAIN[name]
        ours = after if spec.main.layers[0].block == "post_norm" else before
        if any(norm is not None and norm.weight for norm in norms_of(spec.main)):
            raise UsageError(
                N_(
                    "TransformerLens takes {name} before the gain of the norm, and attn has no such stage.",
                    name=name,
                ),
                N_("After the gain, it is {stage}: --stage {stage}", stage=place.at(ours).removeprefix("*")),
            )
        return [place.at(ours)] if ours in known else []
    crossed = name.startswith("cross_attn.")
    full = name.replace("cross_attn.", "attn.")
    candidates = next(
        (TRANSFORMER_LENS[n] for n in (full, f"attn.{full}", f"mlp.{full}") if n in TRANSFORMER_LENS), ()
    )
    found = _first(tuple(n.replace("attn.", f"{CROSS}.") if crossed else n for n in candidates), known)
    return [] if found is None else [place.at(found)]


def _llama_cpp(place: _Place, known: set[str]) -> list[str]:
    name, dash, layer = place.name.rpartition("-")
    if dash and name in LLAMA_CPP and place.layer is None:
        place = place._replace(name=name, layer=layer)
    ours = _first(LLAMA_CPP.get(place.name, ()), known)
    return [] if ours is None else [place.at(ours)]


def _word(place: _Place, known: set[str]) -> list[str]:
    """A word, with or without the part of the layer before it (`attn.pattern`), or the symbol of a formula."""
    part, dot, word = place.name.partition(".")
    crossed = part in (CROSS, "cross_attn", "encoder_attn") and dot
    if part in (CROSS, "attn", "self_attn", "cross_attn", "encoder_attn", "attention", "mlp") and dot:
        names = WORDS.get(word.lower(), ())
    else:
        names, word = WORDS.get(place.name.lower(), ()), place.name
    ours = _first(tuple(n.replace("attn.", f"{CROSS}.") if crossed else n for n in names), known)
    if ours is None:
        crossing = (name for name in CATALOGUE if name.startswith(f"{CROSS}.") == bool(crossed))
        ours = next((name for name in crossing if name in known and CATALOGUE[name].symbol == word), None)
    return [] if ours is None else [place.at(ours)]


def _module(pattern: str, modules: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Our names of what a module of `transformers` gives: by its whole name, with or without what stands before
    the model's own body (`model.`), or by its name within a layer."""
    parts = pattern.split(".")
    for start in range(len(parts)):
        rest = ".".join(parts[start:])
        for module, names in modules.items():
            match = re.fullmatch(re.escape(module).replace(re.escape("{L}"), "(?P<layer>[^.]+)"), rest)
            if match is not None:
                layer = match.groupdict().get("layer")
                yield from (
                    name.replace("layers.{L}.", "") if layer is None else name.replace("{L}", layer)
                    for name in names
                )
                return
    for module, names in modules.items():
        inside = module.partition("{L}.")[2]
        if inside and f".{inside}".endswith(f".{pattern}"):
            yield from (name.replace("layers.{L}.", "") for name in names)
