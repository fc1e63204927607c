"""What a folder is that is taken for a model but has no config.json, and what to give instead."""

from __future__ import annotations

from pathlib import Path

from attncli.checkpoints.lora import CONFIG
from attncli.errors import AttnError
from attncli.files import json_object, read_bytes
from attncli.language import N_

_LAYOUT = N_("A model is a folder in Hugging Face layout: config.json, tokenizer.json, model.safetensors.")


def not_a_model(folder: Path) -> AttnError:
    """The error for a folder without config.json."""
    if (folder / CONFIG).is_file():
        return AttnError(
            N_("{folder} is an adapter, not a whole model.", folder=folder),
            N_("Give the model that it was trained on: -m {base} --adapter {folder}", base=_base_of(folder),
               folder=folder),
        )  # fmt: skip
    message = N_("{folder} has no config.json.", folder=folder)
    snapshots = [file.parent for file in sorted(folder.glob("snapshots/*/config.json"))]
    if snapshots:
        return AttnError(
            N_("{folder} is a folder of the hub's cache; the model lies inside.", folder=folder),
            N_("Give {snapshot}", snapshot=_main(folder) or snapshots[-1]),
        )
    if folder.name.startswith("models--") or (folder / "snapshots").is_dir():
        return AttnError(
            N_("{folder} is a folder of the hub's cache, and no model in it is complete.", folder=folder),
            N_("Download it again: attn model {name}", name=_named(folder) or "org/name"),
        )
    for ending in (".gguf", ".npz", ".safetensors"):
        files = sorted(folder.glob(f"*{ending}"))
        if files and (ending != ".safetensors" or not (folder / "model.safetensors").exists()):
            return AttnError(message, N_("It holds {name}: give that file.", name=folder / files[0].name))
    inner = sorted(file.parent for file in folder.glob("*/config.json"))
    if inner:
        return AttnError(message, N_("The folder {inner} in it has one: give that.", inner=inner[0]))
    return AttnError(message, _LAYOUT)


def _main(folder: Path) -> Path | None:
    """The snapshot that the cache calls main."""
    name = folder / "refs" / "main"
    snapshot = (
        folder / "snapshots" / read_bytes(name).decode("ascii", "replace").strip() if name.is_file() else None
    )
    return snapshot if snapshot is not None and (snapshot / "config.json").is_file() else None


def _named(folder: Path) -> str | None:
    """`org/name` for the folder models--org--name."""
    name = folder.name.removeprefix("models--").replace("--", "/")
    return name if folder.name.startswith("models--") and name.count("/") <= 1 else None


def _base_of(folder: Path) -> str:
    """The model that an adapter says it was trained on, or MODEL."""
    base = json_object(read_bytes(folder / CONFIG), folder / CONFIG).get("base_model_name_or_path")
    return base if isinstance(base, str) and base and base.isprintable() and " " not in base else "MODEL"
