"""Models by their name on the hub: what is downloaded, what is not, and what the errors say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run, error_of, text_of
from tests.support.adapters import adapter
from tests.support.checkpoints import write_gpt2
from tests.support.hub_server import Hub, serve

GOLDEN = Path(__file__).parent.parent / "golden"
ASK = ("--stage", "weights", "--json")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with some repositories, each with many files that must not be downloaded."""
    folders = tmp_path / "hub"
    for name in ("tiny", "org/tiny", "org/gated", "org/private"):
        litter(write_gpt2(folders / name))
    litter(Path(shutil.copytree(GOLDEN / "llama-sharded", folders / "org/sharded")))
    shutil.copytree(GOLDEN / "bert-pair", folders / "org/vocabulary")
    pickled = write_gpt2(folders / "org/pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    (folders / "org/data").mkdir()
    (folders / "org/data" / "train.csv").write_text("a,b\n")
    names = {str(file.parent.relative_to(folders)): file.parent for file in folders.glob("**/*.*")}
    gated, private = frozenset(["org/gated"]), frozenset(["org/private"])
    with serve(Hub({n: f for n, f in names.items() if n != "org"}, gated=gated, private=private)) as running:
        yield running


def litter(folder: Path) -> Path:
    """Adds files that real repositories have beside the model."""
    for name in ("pytorch_model.bin", "flax_model.msgpack", "README.md", "onnx/model.onnx", "vocab.json",
                 "original/model.safetensors"):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not for attn")
    return folder


@pytest.fixture
def online(attn: Run, hub: Hub) -> Run:
    """`attn` with this hub as its hub."""

    def run(*arguments: str, **environment: str):  # type: ignore[no-untyped-def]
        return attn(*arguments, **({"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"} | environment))

    return run


@pytest.mark.parametrize("name", ["tiny", "org/tiny"])
def test_a_model_is_downloaded_once_and_then_found_without_the_network(online: Run, hub: Hub, name: str) -> None:
    first = json.loads(text_of(online("explain", "the cat sat", "-m", name, *ASK)))
    assert first["model"]["name"] == name
    assert hub.files == ["config.json", "model.safetensors", "tokenizer.json"]
    hub.requests.clear()
    again = json.loads(text_of(online("explain", "the cat sat", "-m", name, *ASK)))
    offline = json.loads(text_of(online("explain", "the cat sat", "-m", name, *ASK, HF_HUB_OFFLINE="1")))
    assert first == again == offline
    assert hub.requests == []


def test_the_numbers_are_those_of_the_folder(online: Run, hub: Hub) -> None:
    everything = ("--stage", "all", "--layer", "all", "--head", "all", "--json")
    fetched = json.loads(text_of(online("explain", "the cat", "-m", "tiny", *everything)))
    local = json.loads(text_of(online("explain", "the cat", "-m", str(hub.repositories["tiny"]), *everything)))
    assert fetched["stages"] == local["stages"]


def test_the_shards_in_the_index_are_downloaded(online: Run, hub: Hub) -> None:
    text_of(online("explain", "--ids", "1,2,3", "-m", "org/sharded", *ASK))
    index = json.loads((hub.repositories["org/sharded"] / "model.safetensors.index.json").read_text())
    shards = set(index["weight_map"].values())
    assert len(shards) > 1
    assert shards | {"config.json", "model.safetensors.index.json"} <= set(hub.files)
    assert not [f for f in hub.files if f.endswith((".bin", ".msgpack", ".md", ".onnx")) or "/" in f]


def test_an_older_vocabulary_is_downloaded_where_there_is_no_tokenizer_json(online: Run, hub: Hub) -> None:
    text_of(online("explain", "the cat", "-m", "org/vocabulary", *ASK))
    assert {"vocab.txt", "tokenizer_config.json"} <= set(hub.files)


def test_an_interrupted_download_is_completed(online: Run, hub: Hub, tmp_path: Path) -> None:
    weights = hub.repositories["tiny"] / "model.safetensors"
    hidden = weights.rename(tmp_path / "away")
    (hub.repositories["tiny"] / "model.safetensors.index.json").write_text(
        '{"weight_map": {"wte.weight": "model.safetensors"}}'
    )
    error_of(online("explain", "the cat", "-m", "tiny"), 1)
    hidden.rename(weights)
    text_of(online("explain", "the cat", "-m", "tiny", *ASK))


@pytest.mark.parametrize(
    ("name", "word"), [("org/gated", "gated"), ("org/private", "no model of that name on the hub")]
)
def test_an_access_token_opens_closed_repositories_and_is_never_shown(
    online: Run, hub: Hub, name: str, word: str
) -> None:
    message = error_of(online("explain", "the cat", "-m", name), 1)
    assert word in message
    assert "HF_TOKEN" in message
    message = error_of(online("explain", "the cat", "-m", name, HF_TOKEN="hf_another"), 1)
    assert "hf_another" not in message
    text_of(online("explain", "the cat", "-m", name, *ASK, HF_TOKEN=hub.token))


def test_an_adapter_is_downloaded_by_its_name(online: Run, hub: Hub, tmp_path: Path) -> None:
    changes = {"h.0.mlp.c_proj.lora_A.weight": np.ones((3, 48), np.float32),
               "h.0.mlp.c_proj.lora_B.weight": np.ones((12, 3), np.float32)}  # fmt: skip
    hub.repositories["org/lora"] = adapter(tmp_path / "hub/org/lora", changes)
    (tmp_path / "hub/org/lora/optimizer.pt").write_bytes(b"not for attn")
    ask = ("explain", "the cat", "-m", str(hub.repositories["tiny"]), "--stage", "mlp.output", "--json")
    first = json.loads(text_of(online(*ask, "--adapter", "org/lora")))
    assert first["model"]["name"] == "tiny + org/lora"
    assert first["stages"] != json.loads(text_of(online(*ask)))["stages"]
    assert hub.files == ["adapter_config.json", "adapter_model.safetensors"]
    assert first == json.loads(text_of(online(*ask, "--adapter", "org/lora", HF_HUB_OFFLINE="1")))
    assert "no adapter_config.json" in error_of(online(*ask, "--adapter", "org/data"), 1)


def test_an_unknown_name_is_named_with_advice(online: Run) -> None:
    message = error_of(online("explain", "the cat", "-m", "org/tinny"), 1)
    assert "org/tinny" in message
    assert "Check the spelling" in message


def test_pickled_weights_are_refused_before_any_download(online: Run, hub: Hub) -> None:
    message = error_of(online("explain", "the cat", "-m", "org/pickled"), 1)
    assert "pickled" in message
    assert "safetensors" in message
    assert hub.files == []


def test_a_repository_without_a_model_is_refused(online: Run) -> None:
    assert "no config.json" in error_of(online("explain", "the cat", "-m", "org/data"), 1)


def test_the_error_says_that_the_hub_is_offline(online: Run, hub: Hub) -> None:
    message = error_of(online("explain", "the cat", "-m", "tiny", HF_HUB_OFFLINE="1"), 1)
    assert "HF_HUB_OFFLINE" in message
    assert hub.requests == []


def test_a_hub_that_does_not_answer_is_an_error(attn: Run) -> None:
    nobody = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    message = error_of(attn("explain", "the cat", "-m", "tiny", **nobody), 1)
    assert "cannot be reached" in message


@pytest.mark.parametrize("name", ["./tiny", "/nowhere/tiny", "a/b/c", "model.safetensors", "layer.npz", ".."])
def test_a_name_that_looks_like_a_path_is_not_requested_from_the_hub(online: Run, hub: Hub, name: str) -> None:
    message = error_of(online("explain", "the cat", "-m", name), 2 if name != ".." else 1)
    assert name in message or "config.json" in message
    assert hub.requests == []


def test_the_cache_is_in_hf_home(online: Run, hub: Hub, tmp_path: Path) -> None:
    text_of(online("explain", "the cat", "-m", "tiny", *ASK, HF_HOME=str(tmp_path / "elsewhere")))
    assert list((tmp_path / "elsewhere").glob("hub/models--tiny/snapshots/*/model.safetensors"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_cache_that_cannot_be_written_is_an_error(online: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    message = error_of(online("explain", "the cat", "-m", "tiny", HF_HOME=str(tmp_path / "file")), 1)
    assert "cannot save tiny" in message


def test_a_model_on_the_hub_can_be_described(online: Run) -> None:
    described = json.loads(text_of(online("model", "org/sharded", "--json")))
    assert described["name"] == "org/sharded"
    assert described["family"] == "llama"
    assert [file["name"] for file in described["files"]] == [
        f"model-0000{i}-of-00004.safetensors" for i in (1, 2, 3, 4)
    ]
