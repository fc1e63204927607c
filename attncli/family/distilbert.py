"""DistilBERT (Sanh et al. 2019): BERT without segments, and with tensor names of its own."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import layer_norm
from attncli.architecture.spec import Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, linears, norm

PREFIXES = ("distilbert.",)
HEAD = encoder.MaskedWords("vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector.bias")


def tensors(config: Config) -> dict[str, Tensor]:
    layer = "transformer.layer.{L}"
    projections = {"q": "q_lin", "k": "k_lin", "v": "v_lin", "output": "out_lin"}
    return {
        **encoder.embed_tensors("embeddings"),
        **linears("layers.{L}.attn", f"{layer}.attention", projections),
        **norm("layers.{L}.attn.norm", f"{layer}.sa_layer_norm"),
        **linear("layers.{L}.mlp.hidden", f"{layer}.ffn.lin1"),
        **linear("layers.{L}.mlp.output", f"{layer}.ffn.lin2"),
        **norm("layers.{L}.mlp.norm", f"{layer}.output_layer_norm"),
        **HEAD.tensors(),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("is_decoder", False)
    # Sinusoidal positions too are stored as a table
    config.unused(
        "sinusoidal_pos_embds",
        "dropout",
        "qa_dropout",
        "seq_classif_dropout",
        "tie_weights_",
        "output_past",
    )
    d_model = config.size_by_names(768, "dim", "hidden_size")
    heads = config.size_by_names(12, "n_heads", "num_attention_heads")
    body = encoder.Body(
        d_model,
        heads,
        config.divides("n_heads", heads, "dim", d_model),
        config.size("hidden_dim", 3072),
        config.size_by_names(6, "n_layers", "num_hidden_layers"),
        config.size("vocab_size", 30522),
        config.activation("activation", "gelu"),
        layer_norm(1e-12),
    )
    embed = encoder.embed(config, body, types=0)
    return encoder.encoder("distilbert", body, embed, encoder.attention(body), HEAD.head(config, has, body))
