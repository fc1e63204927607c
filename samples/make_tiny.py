"""Writes samples/tiny/: a very small but complete checkpoint in Hugging Face layout.

GPT-2's architecture: 2 layers of 2 heads, d_model 8, 16 positions, and a vocabulary of a few words. The weights
are random, not trained.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

FOLDER = Path(__file__).with_name("tiny")
ENGLISH = "the a cat dog bird sat ran sang on under and mat tree it was happy . ,"
JAPANESE = "猫 犬 は が 好き だ 。"
WORDS = ["<unk>", *ENGLISH.split(" "), *JAPANESE.split(" ")]
D_MODEL, LAYERS, HEADS, POSITIONS = 8, 2, 2, 16

CONFIG = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "vocab_size": len(WORDS),
    "n_positions": POSITIONS,
    "n_embd": D_MODEL,
    "n_layer": LAYERS,
    "n_head": HEADS,
    "layer_norm_epsilon": 1e-5,
    "activation_function": "gelu_new",
    "bos_token_id": None,
    "eos_token_id": None,
}
TOKENIZER_CONFIG = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}  # transformers needs it


def tensors(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Every tensor of the model; GPT-2 stores its matrices [in, out]."""
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (len(WORDS), D_MODEL), "wpe.weight": (POSITIONS, D_MODEL)}
    for layer in range(LAYERS):
        prefix = f"h.{layer}."
        shapes |= {
            prefix + "attn.c_attn.weight": (D_MODEL, 3 * D_MODEL),  # queries, keys and values side by side
            prefix + "attn.c_attn.bias": (3 * D_MODEL,),
            prefix + "attn.c_proj.weight": (D_MODEL, D_MODEL),
            prefix + "attn.c_proj.bias": (D_MODEL,),
            prefix + "mlp.c_fc.weight": (D_MODEL, 4 * D_MODEL),
            prefix + "mlp.c_fc.bias": (4 * D_MODEL,),
            prefix + "mlp.c_proj.weight": (4 * D_MODEL, D_MODEL),
            prefix + "mlp.c_proj.bias": (D_MODEL,),
        }
    drawn = {name: random.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    for norm in [*(f"h.{layer}.ln_{n}" for layer in range(LAYERS) for n in (1, 2)), "ln_f"]:
        drawn |= {f"{norm}.weight": np.ones(D_MODEL, np.float32), f"{norm}.bias": np.zeros(D_MODEL, np.float32)}
    return drawn


def tokenizer() -> Tokenizer:
    """One token for each word. Japanese, which has no spaces, is split around a few known words."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            *(pre_tokenizers.Split(word, "isolated") for word in JAPANESE.split(" ")),
        ]
    )
    return words


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG, indent=2) + "\n")
    tokenizer().save(str(FOLDER / "tokenizer.json"))
    save_file(tensors(np.random.default_rng(0)), FOLDER / "model.safetensors", {"format": "pt"})
