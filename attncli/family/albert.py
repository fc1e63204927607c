"""ALBERT (Lan et al. 2019): BERT with small token vectors, and groups of layers that share their parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, linears, norm

PREFIXES = ("albert.",)
HEAD = encoder.MaskedWords("predictions.dense", "predictions.LayerNorm", "predictions.decoder", "predictions.bias")


def tensors(config: Config) -> dict[str, Tensor]:
    layers, groups, inner = _sharing(config)
    projections = {"q": "query", "k": "key", "v": "value", "output": "dense"}
    tensors = {
        **encoder.embed_tensors("embeddings"),
        **linear("embed.project", "encoder.embedding_hidden_mapping_in"),
        **HEAD.tensors(),
    }
    for number in range(layers * inner):
        group = number // inner * groups // layers  # AlbertTransformer.forward in modeling_albert.py
        ours = f"layers.{number}"
        theirs = f"encoder.albert_layer_groups.{group}.albert_layers.{number % inner}"
        tensors |= {
            **linears(f"{ours}.attn", f"{theirs}.attention", projections),
            **norm(f"{ours}.attn.norm", f"{theirs}.attention.LayerNorm"),
            **linear(f"{ours}.mlp.hidden", f"{theirs}.ffn"),
            **linear(f"{ours}.mlp.output", f"{theirs}.ffn_output"),
            **norm(f"{ours}.mlp.norm", f"{theirs}.full_layer_layer_norm"),
        }
    return tensors


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("is_decoder", False)
    config.unused(
        "classifier_dropout_prob", "down_scale_factor", "gap_size", "net_structure_type",
        "num_memory_blocks", "layers_to_keep",
    )  # fmt: skip
    body = encoder.body(
        config, hidden_size=4096, num_attention_heads=64, intermediate_size=16384, vocab_size=30000,
        hidden_act="gelu_new",
    )  # fmt: skip
    layers, _, inner = _sharing(config)
    body, size = replace(body, layers=layers * inner), config.size("embedding_size", 128)
    embed = encoder.embed(config, body, **encoder.narrow(size))
    head = HEAD.head(config, has, body, size=size)
    return encoder.encoder("albert", body, embed, encoder.attention(body), head)


def _sharing(config: Config) -> tuple[int, int, int]:
    """num_hidden_layers (passes through the groups), the number of groups, and the layers in a group."""
    return (
        config.size("num_hidden_layers", 12),
        config.size("num_hidden_groups", 1),
        config.size("inner_group_num", 1),
    )
