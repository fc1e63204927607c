"""config.json, read so that attn never silently ignores a field that may change the numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attncli.errors import AttnError, UsageError, together
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.language import N_, listed

INERT = frozenset([
    "_name_or_path", "_commit_hash", "architectures", "model_type", "transformers_version", "torch_dtype", "dtype",
    "auto_map", "_attn_implementation", "attn_implementation", "_attn_implementation_autoset", "use_cache",
    "cache_implementation", "return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states",
    "output_scores", "torchscript", "use_bfloat16", "gradient_checkpointing", "initializer_range",
    "initializer_factor", "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id",
    "mask_token_id", "unk_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id",
    "tokenizer_class", "prefix", "max_length", "min_length", "do_sample", "early_stopping", "num_beams",
    "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
    "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
    "num_return_sequences", "chunk_size_feed_forward", "suppress_tokens", "begin_suppress_tokens",
    "exponential_decay_length_penalty", "remove_invalid_values", "task_specific_params", "problem_type",
    "id2label", "label2id", "num_labels", "finetuning_task", "is_encoder_decoder", "pruned_heads",
    "tf_legacy_loss", "classifier_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob",
    "attention_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout", "dropout",
    "activation_dropout", "embed_dropout", "emb_pdrop", "embedding_dropout", "resid_dropout", "residual_dropout",
    "layerdrop", "init_std", "pretraining_tp", "summary_type", "summary_use_proj", "summary_activation",
    "summary_proj_to_labels", "summary_first_dropout", "n_ctx", "directionality", "pooler_fc_size",
    "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type", "use_return_dict",
    "cross_attention_hidden_size", "unsloth_version", "unsloth_fixed",
])  # fmt: skip
"""Fields about training, generation, classification or storage: they do not affect attention or logits."""

LIMITS = {"layer": 1 << 12, "layers": 1 << 12, "experts": 1 << 12, "head": 1 << 14, "heads": 1 << 14}
"""The largest value of a count, by the last word of its name: attn builds an object for each layer, expert or
head."""
LIMIT = 1 << 31
"""The largest value of any other count, far above every vocabulary and context length."""


class Config:
    """A config.json that remembers which fields have been read: `finish` refuses any other field, unless it is
    known to be inert. The readers below raise AttnError, naming the file and the field, for a value of the wrong
    kind."""

    def __init__(self, fields: dict[str, Any], file: Path, ignore: frozenset[str] = frozenset()) -> None:
        self.fields, self.file = fields, file
        self._ignore, self._seen = ignore, set[str]()
        self._inner: list[Config] = []
        self._outermost = True
        self._assumed: dict[str, Any] = {}
        self._fixed: set[str] = set()
        self.last = ""

    def assume(self, **defaults: Any) -> None:
        """Sets the family's defaults for absent fields, for every later read. A null field is not absent: it stays
        null."""
        self._assumed |= defaults

    def get(self, name: str, default: Any) -> Any:
        """The field, or where it is absent or null, the default that `transformers` gives it."""
        self._seen.add(name)
        self.last = name
        value = self.fields.get(name, self._assumed.get(name))
        return default if value is None else value

    def inner(self, name: str, **own: Any) -> Config:
        """The config inside this one, such as text_config; `own` replaces its fields. Call its `finish` too."""
        fields = self.get(name, {})
        if not isinstance(fields, dict):
            raise AttnError(
                N_(
                    "{file}: {name} is {fields}; it must be an object.",
                    file=self.file,
                    name=name,
                    fields=short(fields),
                )
            )
        inside = Config(fields | own, self.file, self._ignore)
        inside._outermost = False
        self._inner.append(inside)
        return inside

    def size(self, name: str, default: int | None = None) -> int:
        """A count: a positive whole number."""
        value = self.get(name, default)
        if value is None:
            raise AttnError(N_("{file}: field {name!r} is missing.", file=self.file, name=name))
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise AttnError(
                N_(
                    "{file}: {name} is {value}; it must be a whole number above 0.",
                    file=self.file,
                    name=name,
                    value=short(value),
                )
            )
        limit = LIMITS.get(name.rsplit("_", 1)[-1], LIMIT)
        if value > limit:
            raise AttnError(
                N_(
                    "{file}: {name} is {value}; it must be at most {limit}.",
                    file=self.file,
                    name=name,
                    value=short(value),
                    limit=limit,
                )
            )
        return value

    def size_or_null(self, name: str) -> int | None:
        """A count, or None where the field is null, or absent without an assumed default."""
        return None if self.get(name, None) is None else self.size(name)

    def size_by_names(self, default: int, *names: str) -> int:
        """A count that the family stores under several names. Raises AttnError where two of them disagree."""
        given = {name: self.size(name) for name in names if self.get(name, None) is not None}
        if len(set(given.values())) > 1:
            values = together(f"{name} = {value}" for name, value in given.items())
            raise AttnError(
                N_("{file}: {values} are names of the same size, but differ.", file=self.file, values=values),
                N_("Remove the wrong one."),
            )
        return next(iter(given.values()), default)

    def token(self, name: str, default: int | None) -> int | None:
        """A token id, or None where the model has none."""
        value = self.get(name, default)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise AttnError(
                N_(
                    "{file}: {name} is {value}; it must be a token id.",
                    file=self.file,
                    name=name,
                    value=short(value),
                )
            )
        return value

    def number(self, name: str, default: float) -> float:
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise AttnError(
                N_(
                    "{file}: {name} is {value}; it must be a number.",
                    file=self.file,
                    name=name,
                    value=short(value),
                )
            )
        return float(value)

    def positive(self, name: str, default: float) -> float:
        """A number above 0."""
        value = self.number(name, default)
        if value <= 0:
            raise AttnError(
                N_(
                    "{file}: {name} is {value:g}; it must be a number above 0.",
                    file=self.file,
                    name=name,
                    value=value,
                )
            )
        return value

    def positive_or_null(self, name: str) -> float | None:
        """A number above 0, or None where the field is null, or absent without an assumed default."""
        return None if self.get(name, None) is None else self.positive(name, 0.0)

    def flag(self, name: str, default: bool) -> bool:
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise AttnError(
                N_(
                    "{file}: {name} is {value}; it must be true or false.",
                    file=self.file,
                    name=name,
                    value=short(value),
                )
            )
        return value

    def only(self, name: str, supported: Any) -> None:
        """Raises AttnError unless the field is absent or has the one value that attn supports for the family."""
        self._fixed.add(name)
        value = self.get(name, supported)
        if value != supported:
            raise AttnError(
                N_(
                    "{file}: {name} = {value} is not supported (only {supported!r}).",
                    file=self.file,
                    name=name,
                    value=short(value),
                    supported=supported,
                ),
                N_("attn stops here, because its numbers would be wrong."),
            )

    def activation(self, name: str, default: str) -> str:
        value = self.get(name, default)
        if not isinstance(value, str) or value not in ACTIVATIONS:
            raise AttnError(
                N_(
                    "{file}: {name} = {value} is not supported; known: {activations}.",
                    file=self.file,
                    name=name,
                    value=short(value),
                    activations=listed(*ACTIVATIONS),
                )
            )
        return value

    def unused(self, *names: str) -> None:
        """Marks fields as read that do not affect this family, though they may affect another."""
        for name in names:
            self.get(name, None)

    def divides(self, name: str, divisor: int, total_name: str, total: int) -> int:
        """total / divisor. Raises AttnError, naming both fields, where the division leaves a remainder."""
        if total % divisor:
            raise AttnError(
                N_(
                    "{file}: {total_name} = {total} is not divisible by {name} = {divisor}.",
                    file=self.file,
                    total_name=total_name,
                    total=total,
                    name=name,
                    divisor=divisor,
                )
            )
        return total // divisor

    @property
    def free(self) -> frozenset[str]:
        """The fields that have been read and that other checkpoints of the family may set differently."""
        return frozenset(self._seen - self._fixed)

    def finish(self) -> None:
        """Raises AttnError for a field that nobody has read: it may change the numbers. Call it after all reading;
        raises UsageError where a field is to be ignored that is not there, or not unknown."""
        unread = sorted(set(self.fields) - self._seen - INERT - self._ignore)
        if unread:
            raise AttnError(
                N_(
                    "{file}: attn does not know the field {unread!r} = {value} of this model, which may "
                    "change the numbers.",
                    file=self.file,
                    unread=unread[0],
                    value=short(self.fields[unread[0]]),
                ),
                N_(
                    "If it does not change them, pass {options}",
                    options=" ".join(f"--ignore-config {name}" for name in unread),
                ),
            )
        if self._outermost:
            self._check_ignored()

    def _unread(self) -> set[str]:
        """The fields, here and in the configs inside, that are neither read nor known to be inert."""
        own = set(self.fields) - self._seen - INERT
        return own.union(*(inside._unread() for inside in self._inner))

    def _all_fields(self) -> set[str]:
        return set(self.fields).union(*(inside._all_fields() for inside in self._inner))

    def _check_ignored(self) -> None:
        for name in sorted(self._ignore - self._unread()):
            if name in self._all_fields():
                raise UsageError(
                    N_("--ignore-config {name} would have no effect: attn knows this field.", name=name),
                    N_("Leave it out; only a field that attn does not know can be ignored."),
                )
            raise UsageError(
                N_("--ignore-config {name}: {file} has no such field.", name=name, file=self.file),
                N_("Leave it out, or check its spelling."),
            )


def short(value: Any) -> str:
    """A value of config.json for a message, cut to 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
