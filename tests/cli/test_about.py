"""`attn families` and `attn model`: which models attn knows, and what a checkpoint is."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from rich.cells import cell_len
from safetensors.numpy import load_file, save_file

import attncli
from attncli.architecture.parts import CAUSAL, alibi, feed_forward, layer_norm, plain_rotary, rms_norm, sliding
from attncli.architecture.spec import (
    Attention,
    Embed,
    Experts,
    FeedForward,
    Head,
    HeadNorm,
    Latent,
    Layer,
    Spec,
    Stack,
)
from attncli.architecture.traits import ranges, traits
from attncli.family import FAMILIES
from attncli.model.family_traits import families
from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import tensors, write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(folder.parent.name for folder in GOLDEN.glob("*/config.json"))
SAMPLE = str(Path(__file__).parent.parent.parent / "samples" / "exercise.npz")


def document(attn: Run, command: str, *arguments: str, code: int = 0) -> Any:
    """What --json prints, which must be as its schema says."""
    done = attn(command, *arguments, "--json")
    assert done.returncode == code, done.stderr.decode()
    made = json.loads(done.stdout)
    schema = json.loads(text_of(attn("schema", command)))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(made, schema)
    return made


# ------------------------------------------------------------------ families


def test_every_family_is_listed_with_its_traits(attn: Run) -> None:
    listed = document(attn, "families")["families"]
    assert [f["family"] for f in listed] == list(FAMILIES)
    by_name = {f["family"]: f for f in listed}
    llama, bert, gpt2 = (by_name[name] for name in ("llama", "bert", "gpt2"))
    assert (llama["norm"], llama["positions"], llama["feed_forward"]) == ("RMSNorm", "rotary", "silu, gated")
    assert (bert["mask"], bert["block"], bert["heads"]) == ("every key", "post_norm", "multi-head")
    assert "2 token types" in bert["special"]
    assert (gpt2["mask"], gpt2["positions"], gpt2["special"]) == ("causal", "learned", ["biases"])


def test_a_family_names_the_fields_that_may_differ_and_no_others() -> None:
    (gpt2,) = families(("gpt2",))
    assert "scale_attn_by_inverse_layer_idx" in gpt2.fields
    assert "add_cross_attention" not in gpt2.fields  # any value but false is refused


def test_a_family_without_traits_says_which_field_it_needs() -> None:
    for family in families():
        assert (family.traits is None) == bool(family.refusal)
        assert family.traits is not None or "is missing" in family.refusal


def test_families_can_be_named(attn: Run) -> None:
    assert [f["family"] for f in document(attn, "families", "llama", "gpt2")["families"]] == ["llama", "gpt2"]
    assert "Did you mean llama" in error_of(attn("families", "lama"), 2)


@pytest.mark.parametrize("width", ["40", "80", "160"])
@pytest.mark.parametrize("command", [("families",), ("model", str(GOLDEN / "bert-tied"))])
def test_tables_fit_the_terminal(attn: Run, width: str, command: tuple[str, ...]) -> None:
    lines = text_of(attn(*command, COLUMNS=width)).splitlines()
    assert max(map(cell_len, lines)) <= int(width)


def test_families_as_csv_and_markdown(attn: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(attn("families", "--format", "csv")))))
    assert [row["family"] for row in rows] == list(FAMILIES)
    assert "rope_theta" in rows[list(FAMILIES).index("llama")]["config"].split("; ")
    lines = [line for line in text_of(attn("families", "--format", "md")).splitlines() if line.startswith("|")]
    assert len(lines) == len(FAMILIES) + 2
    assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1


@pytest.mark.parametrize("format_", ["npz", "safetensors"])
@pytest.mark.parametrize("command", [("families",), ("model", SAMPLE)])
def test_words_are_not_written_as_arrays(attn: Run, command: tuple[str, ...], format_: str) -> None:
    assert f"{format_} holds arrays of numbers" in error_of(attn(*command, "--format", format_), 2)


# ------------------------------------------------------------------ traits


NORM = rms_norm(1e-6)
PLAIN = feed_forward(8, "silu", gated=True)


def spec_of(*layers: Layer, **fields: Any) -> Spec:
    return Spec("made", 8, 10, (Stack(Embed("rotary", 8), layers, NORM),), Head(tied=True), **fields)


def layer_of(mask: Any = CAUSAL, mlp: FeedForward | Experts = PLAIN, **own: Any) -> Layer:
    attn = Attention(4, own.pop("kv_heads", 2), 4, own.pop("scale", 0.5), mask, **own)
    return Layer("pre_norm", attn, mlp, attn_norm=NORM, mlp_norm=NORM)


def test_layers_of_one_kind_are_put_together() -> None:
    near, far = layer_of(sliding(3)), layer_of()
    (stack,) = traits(spec_of(near, far, near, far, far)).stacks
    assert [(k.layers, k.traits.mask) for k in stack.kinds] == [
        ((0, 2), "query - 3 < key ≤ query"),
        ((1, 3, 4), "causal"),
    ]
    assert [k.numbers for k in stack.kinds] == ["layers 0,2", "layers 1,3-4"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (layer_of(cap=50.0), "scores capped at 50"),
        (layer_of(sinks=True), "sinks"),
        (layer_of(clip=8.0), "q, k, v clipped at ±8"),
        (layer_of(scale=1.0), "scores are not scaled"),
        (layer_of(scale=0.25), "scores times 0.25, not 1 / √d_k"),
        (layer_of(output=False), "no output projection"),
        (layer_of(d_value=6), "values of 6"),
        (layer_of(qkv_bias=frozenset("qv")), "biases of q, v"),
        (layer_of(q_norm=HeadNorm(NORM), k_norm=HeadNorm(NORM)), "RMSNorm of q and k, each head"),
        (layer_of(q_norm=HeadNorm(NORM, "all")), "RMSNorm of q, all heads as one"),
        (layer_of(bias=alibi(4)), "position bias S' - m |query - key|"),
        (layer_of(latent=Latent(None, 3, 2, 2, NORM)), "keys and values by way of 3 numbers"),
        (layer_of(mlp=Experts(4, 2, PLAIN, lambda x, b: x, "", shared=PLAIN)), "a shared expert of 8"),
        (Layer("post_norm", layer_of().attn, PLAIN, mlp_output_norm=NORM), "RMSNorm of the feed-forward output"),
        (Layer("post_norm", layer_of().attn, PLAIN, residual_scale=0.5), "what a part adds times 0.5"),
        (Layer("pre_norm", layer_of().attn, PLAIN, cross=layer_of().attn), "cross-attention"),
    ],
)
def test_what_is_special_of_a_layer_is_said(made: Layer, said: str) -> None:
    assert said in traits(spec_of(made)).everything_special
    assert traits(spec_of(layer_of())).everything_special == ()


def test_a_turn_of_other_wavelengths_makes_another_kind() -> None:
    def slow(length: int) -> Any:
        return plain_rotary(4).frequencies(length) / 7

    layers = (layer_of(rotary=plain_rotary(4)), layer_of(rotary=type(plain_rotary(4))(slow, 4)), layer_of())
    (stack,) = traits(spec_of(*layers)).stacks
    assert [k.traits.rotary for k in stack.kinds] == [
        "4 of 4 dimensions, wavelengths up to 628 tokens",
        "4 of 4 dimensions, wavelengths up to 4,398 tokens",
        "",
    ]


def test_stacks_that_differ_are_told_apart() -> None:
    def stack(name: str, mask: Any) -> Stack:
        return Stack(Embed("relative", 8, scale=2.0), (layer_of(mask),), NORM, name)

    made = traits(Spec("made", 8, 10, (stack("encoder", sliding(2)), stack("decoder", CAUSAL)), start=3))
    assert made.of("mask") == "encoder: query - 2 < key ≤ query; decoder: causal"
    assert made.of("norm") == "RMSNorm"
    assert made.special == ("embedding times 2", "the decoder starts with id 3")


def test_head_and_embedding_say_what_is_special() -> None:
    embed = Embed("learned", 4, rows=5, types=2, norm=layer_norm(1e-5), project="tokens")
    head = Head(tied=False, bias=True, cap=30.0, logit_scale=0.1)
    made = traits(Spec("made", 8, 10, (Stack(embed, (layer_of(),), NORM),), head))
    assert made.special == (
        "2 token types",
        "LayerNorm of the embedding",
        "embedding of 4, projected",
        "bias of the head",
        "logits times 0.1",
        "logits capped at 30",
    )


def test_ranges_of_numbers() -> None:
    assert ranges((0,)) == "0"
    assert ranges((0, 1, 2, 5, 7, 8)) == "0-2,5,7-8"


# ------------------------------------------------------------------ a checkpoint


@pytest.mark.parametrize("case", CASES)
def test_every_golden_checkpoint_is_described_whole(case: str) -> None:
    described = attncli.describe(GOLDEN / case)
    assert described.refusal is None
    assert described.fit is not None
    assert described.fit.missing == ()
    assert described.fit.misfits == ()
    assert described.traits is not None
    assert described.stages("")
    assert 0 < described.fit.parameters <= described.numbers
    left = sum(int(np.prod(shape)) for shape in described.fit.unused.values())
    assert described.fit.parameters + left == described.numbers


def test_a_checkpoint_says_its_sizes_tensors_and_stages(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "llama-grouped"))
    assert said["family"] == "llama"
    assert said["name"] == "llama-grouped"
    assert said["sizes"] == {
        "layers": 2, "heads": 3, "kv_heads": 1, "d_model": 24, "d_head": 10, "d_ff": 30, "vocab": 47,
        "positions": "rotary", "max_positions": 32, "causal": True,
    }  # fmt: skip
    file = GOLDEN / "llama-grouped" / "model.safetensors"
    arrays = load_file(file)
    assert said["parameters"] == sum(a.size for a in arrays.values())
    assert said["tensors"] == {
        "count": len(arrays),
        "numbers": said["parameters"],
        "dtypes": [{"dtype": "F32", "tensors": len(arrays), "numbers": said["parameters"]}],
    }
    assert said["files"] == [{"name": "model.safetensors", "bytes": file.stat().st_size}]
    assert said["missing"] == said["left_over"] == said["misfits"] == []
    ((kind,),) = (stack["kinds"] for stack in said["stacks"])
    assert kind["layers"] == [0, 1]
    assert kind["grouping"] == "multi-query"
    assert "attn.q_rotated" in kind["stages"]
    assert said["stages"] == ["embed.tokens", "embed", "final", "logits", "probs"]


def test_the_stages_are_those_that_explain_offers(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    said = document(attn, "model", "m")
    traced = json.loads(
        text_of(attn("explain", "--ids", "1", "-m", "m", "--layer", "all", "--stage", "all", "--json"))
    )
    (kind,) = said["stacks"][0]["kinds"]
    offered = {f"layers.{n}.{name}" for n in kind["layers"] for name in kind["stages"]} | set(said["stages"])
    assert offered - {f"layers.{n}.attn.heads" for n in (0, 1)} == {s["name"] for s in traced["stages"]}


def test_a_tied_embedding_counts_once(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    assert document(attn, "model", "m")["parameters"] == sum(a.size for a in tensors().values())
    write_gpt2(tmp_path / "own", {"lm_head.weight": np.zeros((20, 12), np.float32)})
    assert document(attn, "model", "own")["parameters"] == sum(a.size for a in tensors().values()) + 240


def test_shards_and_types_are_counted(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "llama-sharded"))
    assert [file["name"] for file in said["files"]] == [
        f"model-0000{i}-of-00004.safetensors" for i in (1, 2, 3, 4)
    ]
    assert said["bytes"] == sum(file["bytes"] for file in said["files"])
    assert [t["dtype"] for t in said["tensors"]["dtypes"]] == ["BF16"]
    assert "4 files" in text_of(attn("model", str(GOLDEN / "llama-sharded")))


def test_missing_and_left_over_tensors_are_named(attn: Run, tmp_path: Path) -> None:
    extra = {f"h.{i}.attn.extra": np.zeros((2, 3), np.float32) for i in (0, 1)}
    write_gpt2(tmp_path / "m", {"h.1.attn.c_attn.weight": None, **extra})
    said = document(attn, "model", "m")
    assert said["missing"] == ["h.1.attn.c_attn.weight"]
    assert said["left_over"] == [{"name": name, "shape": [2, 3]} for name in extra]
    table = text_of(attn("model", "m"))
    assert "h.1.attn.c_attn.weight" in table
    assert "h.{0-1}.attn.extra (2)" in table


def test_a_tensor_that_does_not_fit_is_told_with_both_shapes(attn: Run, tmp_path: Path) -> None:
    wrong = {"wpe.weight": np.zeros((16, 11), np.float32), "h.0.attn.c_attn.bias": np.zeros(35, np.float32)}
    write_gpt2(tmp_path / "m", wrong)
    told = document(attn, "model", "m")["misfits"]
    assert any("wpe.weight has shape [16, 11]" in text and "[16, 12]" in text for text in told)
    assert any("h.0.attn.c_attn.bias has shape [35]" in text for text in told)


def test_layers_that_differ_are_told_apart(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "gpt2-by-layer"))
    assert [kind["layers"] for kind in said["stacks"][0]["kinds"]] == [[0], [1], [2]]
    table = text_of(attn("model", str(GOLDEN / "gpt2-by-layer")))
    assert "│ layer 1 " in table
    assert "scores times 0.223607, not 1 / √d_k" in table


@pytest.mark.parametrize(
    ("config", "says", "known"),
    [
        ({"secret_sauce": 3}, "secret_sauce", True),
        ({"model_type": "gpt3"}, "'gpt3' is not a family", False),
        ({"add_cross_attention": True}, "add_cross_attention", False),
    ],
)
def test_what_attn_refuses_is_described_by_its_headers(
    attn: Run, tmp_path: Path, config: dict[str, Any], says: str, known: bool
) -> None:
    write_gpt2(tmp_path / "m", **config)
    said = document(attn, "model", "m", code=1)
    assert says in said["refusal"]
    assert said["tensors"]["numbers"] == sum(a.size for a in tensors().values())
    assert (said["sizes"] is not None) == known
    done = attn("model", "m")
    assert done.returncode == 1
    assert says in done.stderr.decode()
    assert done.stderr.startswith(b"attn: error: ")
    assert "28: 28 F32" in done.stdout.decode()


def test_a_field_that_is_waved_through_is_no_refusal(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", secret_sauce=3)
    assert document(attn, "model", "m", "--ignore-config", "secret_sauce")["refusal"] is None


def test_a_folder_without_config_is_described_by_its_headers(attn: Run, tmp_path: Path) -> None:
    (write_gpt2(tmp_path / "m") / "config.json").unlink()
    said = document(attn, "model", "m", code=1)
    assert "has no config.json" in said["refusal"]
    assert said["tensors"]["count"] == len(tensors())


def test_nothing_to_describe_is_one_error(attn: Run, tmp_path: Path) -> None:
    file = write_gpt2(tmp_path / "m") / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "not a complete safetensors file" in error_of(attn("model", "m"), 1)
    assert "no such file or folder" in error_of(attn("model", "nothing.safetensors"), 2)
    (tmp_path / "empty").mkdir()
    assert "has no config.json" in error_of(attn("model", "empty"), 1)


def test_one_layer_of_the_users_own(attn: Run, tmp_path: Path) -> None:
    said = document(attn, "model", SAMPLE)
    assert said["family"] == "layer"
    assert said["sizes"]["d_model"] == 2
    with np.load(SAMPLE) as file:
        assert said["parameters"] == sum(file[name].size for name in file.files)
        assert {t["dtype"] for t in said["tensors"]["dtypes"]} == {f"F{8 * file['w_q'].dtype.itemsize}"}
    save_file({"w_q": np.zeros((2, 2), np.float32)}, tmp_path / "part.safetensors")
    said = document(attn, "model", "part.safetensors", code=1)
    assert "no array w_k" in said["refusal"]
    assert said["tensors"]["count"] == 1


def test_an_array_of_objects_is_refused_before_anything_is_shown(attn: Run, tmp_path: Path) -> None:
    eye = np.eye(2)
    np.savez(tmp_path / "m.npz", w_q=np.array([[1, 2], [3, None]], object), w_k=eye, w_v=eye)
    assert "w_q cannot be read" in error_of(attn("explain", "a", "-m", "m.npz"), 1)
    assert "w_q cannot be read" in error_of(attn("model", "m.npz"), 1)


@pytest.mark.parametrize(
    ("case", "kind"), [("bert-pair", "WordPiece (vocab.txt)"), ("gpt2-merges", "BPE (vocab.json, merges.txt)")]
)
def test_the_kind_of_tokenizer_is_told(attn: Run, tmp_path: Path, case: str, kind: str) -> None:
    assert document(attn, "model", str(GOLDEN / case))["tokenizer"] == kind
    write_gpt2(tmp_path / "m")
    assert document(attn, "model", "m")["tokenizer"] == "WordLevel (tokenizer.json)"
    (tmp_path / "m" / "tokenizer.json").unlink()
    assert document(attn, "model", "m")["tokenizer"] is None


def test_csv_has_every_word_and_number_of_the_json(attn: Run) -> None:
    said = document(attn, "model", str(GOLDEN / "bert-tied"))
    rows = dict(csv.reader(io.StringIO(text_of(attn("model", str(GOLDEN / "bert-tied"), "--format", "csv")))))
    assert rows["parameters"] == str(said["parameters"])
    assert rows["stacks.0.kinds.0.mask"] == "every key"
    assert rows["left_over.0.name"] == said["left_over"][0]["name"]


def test_long_lists_are_cut_short_unless_all_is_asked_for(attn: Run, tmp_path: Path) -> None:
    extra = {f"extra_{chr(97 + i)}": np.zeros(1, np.float32) for i in range(12)}
    write_gpt2(tmp_path / "m", extra)
    assert "and 4 more" in text_of(attn("model", "m"))
    assert "extra_l" in text_of(attn("model", "m", "--full"))


def test_no_number_of_a_checkpoint_is_read(tmp_path: Path) -> None:
    """A file that says it holds 50 GB, with nothing on the disk, is described as quickly as any other."""
    folder = write_gpt2(tmp_path / "m", vocab_size=1 << 30)
    file = folder / "model.safetensors"
    raw = file.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    old = header["wte.weight"]["data_offsets"]
    grown = 12 * 4 * (1 << 30) - (old[1] - old[0])
    for name, entry in header.items():
        if name != "__metadata__" and entry["data_offsets"][0] >= old[1]:
            entry["data_offsets"] = [offset + grown for offset in entry["data_offsets"]]
    header["wte.weight"] |= {"shape": [1 << 30, 12], "data_offsets": [old[0], old[1] + grown]}
    text = json.dumps(header).encode()
    with file.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        out.truncate(8 + len(text) + len(raw) - 8 - size + grown)
    described = attncli.describe(folder)
    assert described.fit is not None
    assert described.fit.misfits == ()
    assert described.fit.parameters > 12 * (1 << 30)


def test_thousands_of_tensors_take_a_moment(tmp_path: Path) -> None:
    layers = 300
    arrays = {"embed_tokens.weight": np.zeros((5, 4), np.float32), "norm.weight": np.zeros(4, np.float32)}
    for i in range(layers):
        at = f"layers.{i}."
        arrays |= {f"{at}self_attn.{n}_proj.weight": np.zeros((4, 4), np.float32) for n in "qkvo"}
        arrays |= {f"{at}mlp.{n}_proj.weight": np.zeros((4, 4), np.float32) for n in ("gate", "up", "down")}
        arrays |= {
            f"{at}{n}.weight": np.zeros(4, np.float32) for n in ("input_layernorm", "post_attention_layernorm")
        }
    names = sorted(arrays)
    shards = {f"model-{i}.safetensors": names[i::8] for i in range(8)}
    for file, chosen in shards.items():
        save_file({name: arrays[name] for name in chosen}, tmp_path / file)
    index = {"weight_map": {name: file for file, chosen in shards.items() for name in chosen}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"model_type": "llama", "hidden_size": 4, "num_attention_heads": 2, "intermediate_size": 4}
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": layers, "vocab_size": 5}))
    attncli.describe(tmp_path)  # what is imported along the way is no part of the time
    started = time.process_time()
    described = attncli.describe(tmp_path)
    taken = time.process_time() - started
    assert described.fit is not None
    assert described.fit.missing == ()
    assert len(described.stored) == len(arrays)
    assert taken < 1  # a tenth of it, on a machine that does nothing else
