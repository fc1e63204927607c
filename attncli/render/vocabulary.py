"""Words that are data elsewhere, and are shown to people: marked here, to be said in any language."""

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
"""The axes that are named by a word; the others have the symbol of their size, such as d_model."""
POSITIONS = (N_("learned"), N_("sinusoidal"), N_("rotary"), N_("alibi"), N_("relative"))
SINK = N_("sink")
"""The label of the column that is no token."""
