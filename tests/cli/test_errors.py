"""Bad input: one clear line (what, where, what to do), the right exit status, nothing half-written."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run, error_of, text_of
from tests.support.checkpoints import tensors, write_gpt2

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["explain"], "no sentence"),
        (["explain", ""], "empty"),
        (["explain", "   ", "--seed", "0"], "no tokens"),
        (["explain", "a", "--ids", "1"], "both given"),
        (["explain", "--ids", "1,x"], "whole numbers"),
        (["explain", "--ids", "-3"], "id -3"),
        (["explain", "a", "--layer", "2", "--seed", "0"], "layer 2 is out of range: 0 to 1"),
        (["explain", "a", "--layer", "x"], "0,2-3"),
        (["explain", "a", "--layer", "1-0"], "backwards"),
        (["explain", "a", "--head", "2", "--seed", "0"], "head 2 is out of range"),
        (["explain", "a", "--stage", "wieghts"], "Did you mean"),
        (["explain", "a", "--stage", "layers.7.attn.q", "--seed", "0"], "0 to 1"),
        (["explain", "a b", "--query", "c"], "no token 'c'"),
        (["explain", "a b", "--query", "2", "--seed", "0"], "out of range"),
        (["explain", "a", "--stage", ""], "no stage matches ''"),
        (["explain", "a", "--stage", "a\nb"], "no stage"),
        (["explain", "a", "--stage", f"blocks.{'9' * 5000}.hook_resid_pre"], "no stage matches"),
        (["explain", "a", "--layer", ""], "0,2-3"),
        (["explain", "--ids", "1,-1", "-m", str(GOLDEN / "gpt2-merges")], "id -1"),
        (["explain", "--ids", f"1,{2**70}", "-m", str(GOLDEN / "gpt2-merges")], f"id {2**70}"),
        (["explain", "a", "--target-ids", "-1", "-m", str(GOLDEN / "t5-text")], "id -1"),
        (["explain", "a b", "--query=--5"], "give numbers as in"),
        (["explain", "a b", "--key", "a"], "--key needs --query"),
        (["explain", "a b", "--query", "0-1", "--key", "a"], "--query 0-1 is 2"),
        (["explain", "a b", "--query", "0", "--key", "0-1"], "--key 0-1 is 2 tokens"),
        (["explain", "a b", "--query", "0", "--key", "c"], "no token 'c'"),
        (["explain", "a a", "--seed", "0", "--query", "0", "--key", "a"], "Give the index: --key 0"),
        (["explain", "a b", "--query", "0", "--key", "2", "--seed", "0"], "key 2 is out of range: 0 to 1"),
        (["explain", "a b", "--query", "0", "--key", "0", "--stage", "q"], "--stage shows stages instead"),
        (
            ["explain", "a b", "--query", "0", "--key", "0", "--format", "csv"],
            "the worked example, which comes as table, md, html, a picture or json, not as csv",
        ),
        (["explain", "a b", "--query", "0", "--attention", "cross"], "an encoder with a decoder"),
        (["explain", "a b", "--query", "0", "--top", "-1"], "above 0"),
        (["explain", "a b", "--query", "9" * 5000], "give numbers as in"),
        (["explain", "a", "--layer", "9" * 5000], "give numbers as in"),
        (["explain", "a", "--top", "9" * 5000], "above 0"),
        (["explain", "a", "--top", "0"], "above 0"),
        (["explain", "a", "--seed", "0", "--heads", "3"], "--d-model 8 is not divisible by --heads 3"),
        (
            ["explain", "a", "-m", "seeded", "--heads", "4", "--kv-heads", "3"],
            "--heads 4 is not divisible by --kv-heads 3",
        ),
        (["explain", "a", "--seed", "0", "--d-model", "3", "--heads", "1"], "odd"),
        (["explain", "a", "--seed", "0", "--d-model", "6", "--positions", "rotary"], "odd"),
        (["explain", "a", "--d-model", "0"], "0"),
        (["explain", "a", "--pair", "b"], "segments"),
        (["explain", "a", "--seed", "0", "--tokenizer", "nothing"], "no tokenizer 'nothing'"),
        (["explain", "a", "--json", "--format", "csv"], "both given"),
        (["explian", "a"], "Did you mean attn explain"),
        (["explain", "a", "--format", "xml"], "xml"),
        (["pe", "--dim", "7"], "odd"),
        (["pe", "--dim", "0"], "out of range"),
        (["pe", "--dim", "99999999"], "out of range"),
        (["pe", "--position", "x"], "numbers"),
        (["pe", "--position", "-1"], "no last position"),
        (["pe", "--position", "all"], "no last position"),
        (["pe", "--position", "3--1"], "no last position"),
        (["pe", "--length", "3", "--position", "1"], "both given"),
        (["pe", "--kind", "alibi", "--dim", "8"], "does not apply"),
        (["pe", "--base", "-1"], "above 1"),
        (["schema", "nothing"], "nothing"),
    ],
)
def test_wrong_usage_is_told_in_a_line_or_two(attn: Run, arguments: list[str], says: str) -> None:
    assert says in error_of(attn(*arguments), 2)


def test_a_missing_file_is_named(attn: Run) -> None:
    assert "cannot read nowhere.txt" in error_of(attn("explain", "--file", "nowhere.txt"), 1)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("tokenizer.json", ("model", "m")),
        ("tokenizer.json", ("explain", "the cat", "-m", "m")),
        ("tokenizer.json", ("tokens", "the cat", "-m", "m")),
        ("config.json", ("model", "m")),
        ("config.json", ("explain", "the cat", "-m", "m")),
        ("model.safetensors", ("explain", "the cat", "-m", "m")),
        ("adapter_config.json", ("explain", "the cat", "-m", "m", "--adapter", "m")),
    ],
)
def test_a_folder_in_the_place_of_a_file_is_named_as_what_was_read(
    attn: Run, tmp_path: Path, name: str, command: tuple[str, ...]
) -> None:
    file = write_gpt2(tmp_path / "m") / name
    file.unlink(missing_ok=True)
    file.mkdir()
    done = attn(*command)
    stderr = done.stderr.decode()
    assert done.returncode == 1
    assert name in stderr
    assert "cannot write" not in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.EIO, "Input/output error", "some/file"), "cannot read some/file: Input/output error"),
        (OSError(errno.ENOSPC, "No space left on device"), "cannot write the output: No space left on device"),
        (OSError(errno.EIO, "Input/output error"), "input or output failed: Input/output error"),
        (PermissionError(errno.EACCES, "Permission denied", b"file"), "cannot read file: Permission denied"),
    ],
)
def test_an_error_of_the_system_says_what_it_was_about(error: OSError, says: str) -> None:
    from attncli.cli import _failure

    assert _failure(error) == says


def test_families_are_written_to_a_file(attn: Run, tmp_path: Path) -> None:
    for name in ("families.txt", "families.md", "families.json"):
        done = attn("families", "gpt2", "-o", name)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "gpt2" in (tmp_path / name).read_text()


def test_a_truncated_checkpoint_is_refused(attn: Run, tmp_path: Path) -> None:
    file = write_gpt2(tmp_path / "m") / "model.safetensors"
    for size in (0, 5, 100, file.stat().st_size - 1):
        whole = file.read_bytes()
        file.write_bytes(whole[:size])
        assert "model.safetensors" in error_of(attn("explain", "the cat", "-m", "m"), 1)
        file.write_bytes(whole)


def test_a_missing_tensor_is_named(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", {"h.1.attn.c_attn.weight": None})
    assert "h.1.attn.c_attn.weight is missing" in error_of(
        attn("explain", "the cat", "-m", "m", "--layer", "1", "--json", "-o", "x"), 1
    )
    assert text_of(attn("explain", "the cat", "-m", "m"))  # layer 0 does not need it


def test_a_tensor_of_the_wrong_shape_is_named_with_both_shapes(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", {"wpe.weight": np.zeros((16, 11), np.float32)})
    said = error_of(attn("explain", "the cat", "-m", "m", "--json", "-o", "x"), 1)
    assert "wpe.weight has shape [16, 11]" in said
    assert "[16, 12]" in said


def test_an_unknown_family_lists_those_known(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m", model_type="gpt3")
    said = error_of(attn("explain", "the cat", "-m", "m"), 1)
    for name in ("gpt3", "gpt2", "bert", "llama"):
        assert name in said


def test_a_config_field_that_may_change_the_numbers_is_refused_until_it_is_waved_through(
    attn: Run, tmp_path: Path
) -> None:
    write_gpt2(tmp_path / "m", secret_sauce=3)
    said = error_of(attn("explain", "the cat", "-m", "m"), 1)
    assert "secret_sauce" in said
    assert "--ignore-config secret_sauce" in said
    assert text_of(attn("explain", "the cat", "-m", "m", "--ignore-config", "secret_sauce"))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"model_type": 3}', '{"model_type": "gpt2", "n_embd": "x"}'])
def test_a_broken_config_is_told(attn: Run, tmp_path: Path, content: str) -> None:
    (write_gpt2(tmp_path / "m") / "config.json").write_text(content)
    assert "config.json" in error_of(attn("explain", "the cat", "-m", "m"), 1)


DEEP = "[" * 500 + "]" * 500


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("n_layer", 10**9, "n_layer is 1000000000; it must be at most 4096"),
        ("n_head", 10**9, "n_head is 1000000000; it must be at most 16384"),
        ("vocab_size", 10**30, "vocab_size is 1e+30"),
        ("vocab_size", -1, "vocab_size is -1"),
        ("activation_function", ["gelu"], "activation_function = ['gelu'] is not supported"),
        ("quantization_config", {"quant_method": ["fp8"]}, "weights quantized by ['fp8'] are not supported"),
        ("model_type", "\x1b[31m" + "x" * 5000, "x… is not a family that attn knows"),
    ],
)
def test_a_config_of_nonsense_is_told_at_once(
    attn: Run, tmp_path: Path, field: str, value: object, says: str
) -> None:
    write_gpt2(tmp_path / "m", **{field: value})
    said = error_of(attn("explain", "the cat", "-m", "m"), 1)
    assert says in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("model", "field", "value", "says"),
    [
        ("deepseek-v3-groups", "rope_theta", "x", "rope_theta of the rotary positions is 'x'"),
        ("deepseek-v3-groups", "rope_theta", [], "rope_theta of the rotary positions is []"),
        ("llama-tied", "rope_theta", 0, "rope_theta of the rotary positions is 0"),
        ("gemma2-tied", "query_pre_attn_scalar", -1, "query_pre_attn_scalar is -1"),
        ("deberta-v2-version-3", "type_vocab_size", {"a": 1}, "type_vocab_size is {'a': 1}"),
        ("deberta-v2-version-3", "max_relative_positions", "x", "max_relative_positions"),
    ],
)
def test_a_field_that_makes_no_formula_is_told(
    attn: Run, tmp_path: Path, model: str, field: str, value: object, says: str
) -> None:
    shutil.copytree(GOLDEN / model, tmp_path / "m")
    fields = json.loads((tmp_path / "m" / "config.json").read_text())
    for parts in (fields, fields.get("rope_parameters") or {}):
        if field in parts or parts is fields:
            parts[field] = value
    (tmp_path / "m" / "config.json").write_text(json.dumps(fields))
    for command in (("explain", "--ids", "1,2"), ("pe",)):
        assert says.lower() in error_of(attn(*command, "-m", "m"), 1).lower()


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "adapter_config.json"])
@pytest.mark.parametrize("content", ["null", '{"a": ' + DEEP + "}"])
def test_settings_that_are_no_object_or_without_end_are_told(
    attn: Run, tmp_path: Path, name: str, content: str
) -> None:
    folder = write_gpt2(tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    shutil.copy(GOLDEN / "gpt2-merges" / "vocab.json", folder)
    shutil.copy(GOLDEN / "gpt2-merges" / "merges.txt", folder)
    (folder / name).write_text(content)
    adapter = ("--adapter", "m") if name == "adapter_config.json" else ()
    said = error_of(attn("explain", "the cat", "-m", "m", *adapter), 1)
    assert f"{name} " in said
    assert "no JSON object" in said or "nested" in said


def test_a_damaged_archive_of_one_layer_is_told(attn: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez_compressed(tmp_path / "a.npz", **{n: rng.normal(size=(20, 20)) for n in ("w_q", "w_k", "w_v")})
    whole = (tmp_path / "a.npz").read_bytes()
    for damaged in (b"abc", whole[:500], whole[:100] + bytes(400) + whole[500:]):
        (tmp_path / "a.npz").write_bytes(damaged)
        said = error_of(attn("explain", "a b", "-m", "a.npz", "-o", "x.json"), 1)
        assert "a.npz" in said
        assert "allow_pickle" not in said


def test_an_empty_name_of_a_model_is_no_model(attn: Run) -> None:
    assert "the name of the model is empty" in error_of(attn("pe", "-m", ""), 2)


def test_a_broken_tokenizer_is_told(attn: Run, tmp_path: Path) -> None:
    (write_gpt2(tmp_path / "m") / "tokenizer.json").write_text("{}")
    assert "tokenizer.json" in error_of(attn("explain", "the cat", "-m", "m"), 1)
    (tmp_path / "m" / "tokenizer.json").unlink()
    assert "--ids" in error_of(attn("explain", "the cat", "-m", "m"), 1)
    assert text_of(attn("explain", "--ids", "1,2", "-m", "m"))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth", "last.ckpt"])
def test_a_pickle_is_refused_with_the_reason(attn: Run, tmp_path: Path, name: str) -> None:
    folder = write_gpt2(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / name)
    for source in ("m", f"m/{name}"):
        said = error_of(attn("explain", "the cat", "-m", source), 1)
        assert f"{name}" in said
        assert "a pickle: loading it could run any code" in said
        assert "Save it as safetensors" in said


def test_an_id_beyond_the_vocabulary_is_told_with_the_range(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    assert "0 to 19" in error_of(attn("explain", "--ids", "1,20", "-m", "m"), 2)


def test_more_tokens_than_positions_name_the_limit_and_truncate_helps(attn: Run, tmp_path: Path) -> None:
    write_gpt2(tmp_path / "m")
    sentence = " ".join(["cat"] * 17)
    said = error_of(attn("explain", sentence, "-m", "m"), 2)
    assert "17 tokens" in said
    assert "16 positions" in said
    assert "--truncate" in said
    document = json.loads(text_of(attn("explain", sentence, "-m", "m", "--truncate", "--json")))
    assert len(document["tokens"]) == 16


def test_nan_in_weights_is_shown_counted_and_warned_about(attn: Run, tmp_path: Path) -> None:
    weights = tensors()["h.0.attn.c_attn.weight"].copy()
    weights[0, 0] = np.nan
    write_gpt2(tmp_path / "m", {"h.0.attn.c_attn.weight": weights})
    done = attn("explain", "the cat", "-m", "m", "--stage", "q", "--stage", "scores")
    assert done.returncode == 0
    assert "nan" in done.stdout.decode()
    said = done.stderr.decode()
    assert "2 of 8 numbers of layers.0.attn.q are NaN" in said
    assert "h.0.attn.c_attn.weight holds 1" in said
    document = json.loads(attn("explain", "the cat", "-m", "m", "--stage", "q", "--json").stdout)
    assert document["stages"][0]["values"][0][0][0] is None


@pytest.mark.parametrize("format_", ["table", "md", "json", "csv", "ndjson"])
def test_markup_and_escapes_in_text_and_vocabulary_are_shown_literally(
    attn: Run, tmp_path: Path, format_: str
) -> None:
    """Neither a sentence nor a vocabulary may command the terminal or be read as markup."""
    write_gpt2(tmp_path / "m")
    by_ids = attn("explain", "--ids", "6,7,9", "-m", "m", "--format", format_)
    by_text = attn("explain", "[bold] \x1b[31m :smile: \x9b1m", "--seed", "0", "--format", format_)
    for done in (by_ids, by_text):
        text = text_of(done)
        assert "\x1b" not in text
        assert "\x9b" not in text
        assert "bold" in text
    assert "smile" in text_of(by_text)


def test_an_unwritable_output_leaves_nothing_behind(attn: Run, tmp_path: Path) -> None:
    assert "cannot write" in error_of(attn("explain", "a", "-o", "nowhere/out.json"), 1)
    write_gpt2(tmp_path / "m", {"h.1.ln_1.weight": None})
    (tmp_path / "out.json").write_text("before")
    error_of(attn("explain", "the cat", "-m", "m", "--layer", "all", "-o", "out.json"), 1)
    assert (tmp_path / "out.json").read_text() == "before"
    assert {p.name for p in tmp_path.iterdir()} == {"m", "out.json"}
