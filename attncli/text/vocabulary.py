"""Words that are data elsewhere (names of axes, of fields, of kinds) and are shown to people. They are marked for
translation here, where tools/translations.py finds them."""

from attncli.language import N_

AXES = (
    N_("position"),
    N_("head"),
    N_("query"),
    N_("key"),
    N_("key_or_sink"),
    N_("dimension"),
    N_("pair"),
    N_("latent"),
    N_("expert"),
    N_("vocab"),
)
"""Those that are named by a word; the others have the symbol of their size, such as d_model."""
POSITIONS = (N_("learned"), N_("sinusoidal"), N_("rotary"), N_("alibi"), N_("relative"), N_("none"))
STACKS = (N_("encoder"), N_("decoder"))
BLOCKS = (N_("pre_norm"), N_("post_norm"), N_("parallel"), N_("attention_only"))
TRAITS = (N_("block"), N_("norm"), N_("mask"), N_("grouping"), N_("heads"), N_("rotary"), N_("feed-forward"))
"""Of a layer, by name; the others are symbols, such as d_head."""
COLUMNS = (N_("family"), N_("traits"), N_("special"), N_("fact"), N_("value"))
TOKENS = (N_("side"), N_("index"), N_("id"), N_("text"), N_("start"), N_("end"))
SINK = N_("sink")
"""The label of the column that is no token."""
