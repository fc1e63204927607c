"""Makes the golden files: tiny random checkpoints, each as awkward as the real ones that lie about, and what
`transformers` with eager attention gives for them. Run from the repository's root, with torch and
transformers installed:

python -m tests.golden.make [CASE ...]

Each case is a folder: the checkpoint, `input.json` (text or ids, and the target's) and `expected.safetensors`,
stage by stage.
"""

from __future__ import annotations

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
import transformers
from safetensors.numpy import save_file
from safetensors.torch import load_file
from safetensors.torch import save_file as save_tensors

from tests.golden.tokenizers import TEXTS
from tests.support.families import Family, families
from tests.support.reference import expected_stages, random_model

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

HERE = Path(__file__).parent
TARGET = [11, 4, 4, 30, 9]


def make(family: Family, name: str) -> None:
    case, folder = family.cases[name], HERE / name
    seed = zlib.crc32(name.encode())  # so that a case does not depend on which others there are
    shutil.rmtree(folder, ignore_errors=True)
    model = random_model(family, case.fields, seed, case.bare).to(getattr(torch, case.dtype))
    model.save_pretrained(folder, max_shard_size=case.shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if (folder / "model.safetensors").exists():
        tensors = case.tensors(load_file(folder / "model.safetensors"))
        save_tensors(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(case.config(config), indent=1) + "\n")
    # The reference reads the same files that we shall read
    eager = {"attn_implementation": "eager", "experts_implementation": "eager"}
    model = type(model).from_pretrained(folder, dtype=torch.float32, **eager).eval()

    given = {"text": None, "pair": None} | case.input
    if case.tokenizer is not None:
        case.tokenizer(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        encoded = tokenizer(given["text"], given["pair"])
        given["ids"] = encoded["input_ids"]
        given["types"] = encoded.get("token_type_ids", [0] * len(given["ids"]))
        if family.target:  # the reference's own shift of what is to be said
            said = torch.tensor([tokenizer(text_target=given["target"])["input_ids"]])
            given["target_ids"] = model.prepare_decoder_input_ids_from_labels(said)[0].tolist()
        ids = {text: tokenizer(text)["input_ids"] for text in TEXTS}
        (folder / "ids.json").write_text(json.dumps(ids, ensure_ascii=False, indent=0) + "\n", "utf-8")
    given.setdefault("types", [0] * len(given["ids"]))
    if family.target:
        given.setdefault("target_ids", [model.config.decoder_start_token_id, *TARGET])
    (folder / "input.json").write_text(json.dumps(given, ensure_ascii=False) + "\n", "utf-8")
    expected = expected_stages(family, model, given["ids"], given["types"], given.get("target_ids"))
    save_file(expected, folder / "expected.safetensors")
    print(f"{name}: {len(expected)} stages of {len(given['ids'])} tokens")


if __name__ == "__main__":
    everything = {name: family for family in families().values() for name in family.cases}
    for chosen in sys.argv[1:] or everything:
        make(everything[chosen], chosen)
