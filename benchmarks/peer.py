"""The scripts that a user would write with `transformers` and eager attention.

python peer.py one-head FOLDER TEXT          prints layer 0, head 0
python peer.py everything FOLDER TEXT FILE   every layer's attention, hidden states and activations, to npz
python peer.py one-row FOLDER TEXT           prints the last row of layer 0, head 0
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

MODULES = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.act", "mlp.c_proj")


def main(task: str, folder: str, text: str, *rest: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = tokenizer(text, return_tensors="pt")
    if task == "everything":
        everything(model, inputs, rest[0])
        return
    with torch.no_grad():
        weights = model(**inputs, output_attentions=True).attentions[0][0, 0]
    names = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    for name, row in zip(names, weights[-1:] if task == "one-row" else weights, strict=False):
        print(f"{name:>12}", " ".join(f"{w:.4f}" for w in row[:24].tolist()))


def everything(model: Any, inputs: Any, file: str) -> None:
    kept: dict[str, Any] = {}

    def keep(name: str) -> Any:
        def hook(module: Any, given: Any, out: Any) -> None:
            kept[name] = out[0].numpy()

        return hook

    for i, block in enumerate(model.transformer.h):
        for name in MODULES:
            block.get_submodule(name).register_forward_hook(keep(f"{i}.{name}"))
    with torch.no_grad():
        out = model(**inputs, output_attentions=True, output_hidden_states=True)
    kept |= {f"{i}.weights": a[0].numpy() for i, a in enumerate(out.attentions)}
    kept |= {f"{i}.hidden": h[0].numpy() for i, h in enumerate(out.hidden_states)}
    np.savez(file, logits=out.logits[0].numpy(), **kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
