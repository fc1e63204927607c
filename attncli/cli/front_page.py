"""The help of `attn` itself."""

from __future__ import annotations

from collections.abc import Mapping

import click

from attncli.cli.help_page import Example, HelpPage, Row, Section, sections_of, usage_of
from attncli.language import N_

ABOUT = (
    N_("See every number between a sentence and the attention output."),
    N_(
        "Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V, stage by stage, for the small trained model that comes with "
        "attn, seeded weights, a layer of your own, or a checkpoint (safetensors or GGUF) of any family that attn "
        "families lists."
    ),
)
EXAMPLES = (
    Example(N_("From the embedding to the attention output:"), 'attn explain "The cat sat on the mat"'),
    Example(N_("One word, with every product written out:"), 'attn explain "The cat sat on the mat" --query cat'),
    Example(N_("Where every head looks:"), 'attn map "The cat sat on the mat"'),
    Example(N_("A model from the hub:"), 'attn explain "The cat sat" -m gpt2 --layer 5 --head 1'),
    Example(N_("For programs:"), "attn explain \"The cat sat\" --json | jq '.stages[].name'"),
    Example(N_("How a command is used:"), "attn help explain"),
)


def front_page(context: click.Context, commands: Mapping[str, str]) -> HelpPage:
    """The page of attn. `commands`: what each does, by its name."""
    listed = Section(N_("Commands"), tuple(Row(name, text) for name, text in commands.items()))
    return HelpPage(usage_of(context), ABOUT, EXAMPLES, (listed, *sections_of(context)))
