"""Words that people type for commands and options, because other tools call them so."""

from __future__ import annotations

from attncli.language import N_, Message

COMMANDS_MEANT = {
    "explain": ("attention", "attend", "attn", "compute", "forward", "query", "run", "sentence",
                "text", "trace", "weights", "why"),
    "map": ("draw", "grid", "head", "heads", "heatmap", "matrix", "pattern", "patterns", "picture", "plot",
            "visualise", "visualize", "viz"),
    "tokens": ("encode", "ids", "split", "token", "tokenise", "tokenize", "tokenizer", "vocab", "words"),
    "versus": ("benchmark", "compare-rnn", "lstm", "recurrence", "rnn", "vs"),
    "pe": ("alibi", "encoding", "encodings", "position", "positional", "positions", "rope", "rotary",
           "sinusoidal"),
    "model": ("card", "checkpoint", "config", "describe", "info", "inspect", "layers", "parameters", "show",
              "summary", "tensors"),
    "stages": ("activations", "catalog", "catalogue", "hooks", "names", "stage"),
    "families": ("architectures", "family", "list", "ls", "models", "supported"),
    "schema": ("format", "json", "jsonschema", "schemas", "spec"),
    "help": ("?", "h", "man", "manual", "usage"),
}  # fmt: skip
"""Our command -> what else it is called."""
LINES_MEANT = {
    'attn explain "The cat sat" --stage probs': ("generate", "lens", "logits", "next", "predict", "probs"),
    "attn model story": ("story",),
    "attn --version": ("version", "about"),
    'attn explain "The cat sat" -m gpt2': ("download", "get", "load", "pull"),
}
"""A command line -> words that mean it."""

OPTIONS_MEANT = {
    "--file": ("f", "from-file", "infile", "input-file", "path"),
    "--output": ("out", "outfile", "output-file", "save", "save-to", "to", "write"),
    "--lang": ("l", "language", "locale"),
    "--model": ("checkpoint", "ckpt", "model-name", "model-path", "name", "pretrained", "weights"),
    "--adapter": ("lora", "peft"),
    "--layer": ("block", "blocks", "layer-index", "layer-idx"),
    "--head": ("head-index", "head-idx"),
    "--stage": ("activation", "hook", "stages", "tensor"),
    "--format": ("fmt", "type"),
    "--json": ("as-json", "j"),
    "--query": ("from", "q", "row", "source", "token"),
    "--key": ("column", "k", "to-token"),
    "--precision": ("decimals", "digits", "round"),
    "--truncate": ("max-length", "max-tokens", "truncation"),
    "--causal": ("autoregressive", "mask"),
    "--bidirectional": ("no-causal", "non-causal", "noncausal"),
    "--ids": ("input-ids", "token-ids"),
    "--position": ("pos",),
    "--dim": ("d", "dimension", "size"),
    "--top": ("n", "top-k", "topk"),
}
"""Our option -> what other tools call it, without dashes."""
OPTIONS_EXPLAINED = {
    N_('The sentence needs no option: {command} "The cat sat"'): ("input", "prompt", "sentence", "string", "text"),
    N_("attn computes on the CPU: leave {option} out."): ("cpu", "cuda", "device", "gpu"),
    N_("Show the version: attn --version"): ("V", "version"),
    N_("Formats are named: --format {name}"): ("csv", "html", "md", "ndjson", "npz", "png", "safetensors", "svg"),
    N_("attn prints only the answer: leave {option} out."): ("debug", "quiet", "silent", "v", "verbose"),
}
"""What to do instead -> options that attn has under no name."""


def option_meant(word: str) -> str | None:
    """Our option for that of another tool, both without dashes in `word`."""
    return next((flag for flag, words in OPTIONS_MEANT.items() if word in words), None)


def explanation_of(word: str) -> Message | None:
    """What to do instead of giving an option that attn has under no name."""
    return next((text for text, words in OPTIONS_EXPLAINED.items() if word in words), None)


def command_line_meant(word: str) -> str | None:
    """The command line that a word most likely means; None for a word that is in no list."""
    lines = {f"attn {command}": words for command, words in COMMANDS_MEANT.items()} | LINES_MEANT
    return next((line for line, words in lines.items() if word.lower() in words), None)
