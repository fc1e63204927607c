"""Models on the hub: the folder of a model in the local cache, downloaded by the `huggingface_hub` library if
needed.

The environment variables of that library apply: HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attncli.checkpoints.safetensors import INDEX, PICKLES, SINGLE, shards_of
from attncli.errors import AttnError, UsageError, reason_of
from attncli.language import N_, listed

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
LONGEST = 96
OFFLINE = N_("Unset HF_HUB_OFFLINE to download it, or use the model that comes with attn: -m story")
_FILES = (".safetensors", ".npz", ".json", ".bin", ".pt", ".pth", ".gguf", ".txt")
TOKENIZER = "tokenizer.json"
OLDER_TOKENIZERS = ("vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json")


def _is_name(text: str) -> bool:
    """Whether the hub can have a model of that name: its rules, which its library holds to as well."""
    parts = text.split("/")
    return (
        _NAME.fullmatch(text) is not None
        and len(text) <= LONGEST
        and "--" not in text
        and ".." not in text
        and not any(part.endswith(("-", ".", ".git")) for part in parts)
    )


def fetch(name: str) -> Path:
    """The folder of a model, by its name on the hub (`gpt2`, `org/model`).

    If the local cache has the model, the network is not used. Otherwise config.json, the files of the tokenizer
    and the safetensors files are downloaded, and nothing else, with a progress bar on a terminal.

    Raises UsageError for a text that cannot be a name on the hub; AttnError where the hub does not have the model,
    denies it, or cannot be reached.
    """
    if not _is_name(name) or name.lower().endswith(_FILES):
        of_address = name.split("huggingface.co/", 1)[-1].split("/tree/")[0].strip("/")
        raise UsageError(
            N_("no such file or folder: {name}", name=name),
            N_("Give its name on the hub: {name}", name=of_address)
            if of_address != name and _is_name(of_address)
            else N_("A name on the hub looks like gpt2 or org/model."),
        )
    return _cached(name) or _download(name)


def fetch_adapter(name: str) -> Path:
    """The folder of a LoRA adapter, by its name on the hub, from the local cache or downloaded.

    Raises UsageError and AttnError as `fetch` does.
    """
    from huggingface_hub import hf_hub_download, model_info, try_to_load_from_cache

    from attncli.checkpoints.lora import CONFIG, WEIGHTS

    if not _is_name(name):
        raise UsageError(N_("no such folder: {name}", name=name), N_("A name on the hub looks like org/adapter."))
    cached = [try_to_load_from_cache(name, file) for file in (CONFIG, WEIGHTS)]
    if all(isinstance(file, str) for file in cached):
        return Path(str(cached[0])).parent
    with _readable_errors(name, N_("Unset HF_HUB_OFFLINE to download it.")), _quiet():
        missing = {CONFIG, WEIGHTS} - set(_names(model_info(name)))
        if missing:
            raise AttnError(
                N_(
                    "{name} on the hub has no {missing}, so it is not an adapter that attn can read.",
                    name=name,
                    missing=min(missing),
                )
            )
        hf_hub_download(name, WEIGHTS)
        return Path(hf_hub_download(name, CONFIG)).parent


def _cached(name: str) -> Path | None:
    """The folder in the local cache, if the cache has all files of the model."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.constants import HF_HUB_OFFLINE

    config = try_to_load_from_cache(name, "config.json")
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    has_weights = (folder / SINGLE).exists() or (
        (folder / INDEX).exists() and all(shard.exists() for shard in shards_of(folder / INDEX))
    )
    has_tokenizer = any((folder / file).exists() for file in (TOKENIZER, *OLDER_TOKENIZERS))
    return folder if has_weights and (has_tokenizer or HF_HUB_OFFLINE) else None


def _download(name: str) -> Path:
    from huggingface_hub import hf_hub_download, model_info

    with _readable_errors(name), _quiet():
        files = _names(model_info(name))
        _check(name, files)
        config = Path(hf_hub_download(name, "config.json"))
        tokenizer = [TOKENIZER] if TOKENIZER in files else [f for f in OLDER_TOKENIZERS if f in files]
        for file in tokenizer:
            hf_hub_download(name, file)
        if SINGLE in files:
            hf_hub_download(name, SINGLE)
        else:
            for shard in shards_of(Path(hf_hub_download(name, INDEX))):
                hf_hub_download(name, shard.name)
        return config.parent


def _names(info: ModelInfo) -> list[str]:
    return [file.rfilename for file in info.siblings or ()]


def _check(name: str, files: Sequence[str]) -> None:
    if "config.json" not in files:
        raise AttnError(
            N_("{name} on the hub has no config.json, so it is not a model that attn can read.", name=name)
        )
    if SINGLE in files or INDEX in files:
        return
    if any(file.endswith(PICKLES) for file in files):
        raise AttnError(
            N_("{name} on the hub has only pickled weights: loading them could run any code.", name=name),
            N_("attn reads safetensors: look for a converted copy, or convert the model if you trust it."),
        )
    raise AttnError(
        N_("{name} on the hub has no {single}.", name=name, single=SINGLE),
        N_("Its files: {names}", names=listed(*files[:8])),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the log of the library off the terminal; its exceptions say what matters."""
    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def _readable_errors(name: str, offline: str = OFFLINE) -> Iterator[None]:
    """Turns the exceptions of the library into an AttnError that says what to do; `offline`: in offline mode."""
    from huggingface_hub import constants, errors

    endpoint = constants.ENDPOINT
    # The base class comes from the HTTP library that this release of huggingface_hub uses
    http_error: type[Exception] = errors.HfHubHTTPError.__bases__[0]
    try:
        yield
    except AttnError:
        raise
    except errors.OfflineModeIsEnabled as error:
        raise AttnError(
            N_(
                "{name} is not a folder, is not complete in the local cache, and HF_HUB_OFFLINE is set.", name=name
            ),
            offline,
        ) from error
    except errors.GatedRepoError as error:
        raise AttnError(
            N_("{name} is gated on the hub.", name=name),
            N_(
                "Accept its conditions at {endpoint}/{name}, then set HF_TOKEN to an access token of "
                "your account.",
                endpoint=endpoint,
                name=name,
            ),
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise AttnError(
            N_(
                "there is no folder {name!r}, and no model of that name on the hub ({endpoint}).",
                name=name,
                endpoint=endpoint,
            ),
            N_("Check the spelling; for a private model, set HF_TOKEN."),
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        hint = "Check HF_TOKEN." if status in (401, 403) else "Try again later."
        raise AttnError(
            N_("the hub ({endpoint}) answered {status} for {name}.", endpoint=endpoint, status=status, name=name),
            hint,
        ) from error
    except (http_error, errors.FileMetadataError, errors.LocalEntryNotFoundError) as error:
        raise AttnError(
            N_(
                "{name} is not a folder, is not complete in the local cache, and the hub ({endpoint}) "
                "cannot be reached: {error}",
                name=name,
                endpoint=endpoint,
                error=_reason(error),
            ),
            N_("Check the network, give the path of a copy, or use the model that comes with attn: -m story"),
        ) from error
    except OSError as error:
        where = constants.HF_HUB_CACHE
        text = N_("cannot save {name} in {where}: {reason}", name=name, where=where, reason=reason_of(error))
        if error.errno == errno.ENOSPC:
            text = N_("{text} (set HF_HOME to a disk with room)", text=text)
        raise AttnError(text) from error


def _reason(error: BaseException) -> str:
    """The first line of the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
