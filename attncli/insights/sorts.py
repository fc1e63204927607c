"""The orders that maps of heads come in. A module of its own, so that a command line can name them without
numpy."""

SORTS = ("layer", "previous", "first", "self", "same", "induction", "entropy")
"""By layer and head; by the score of a pattern, largest first; by the entropy, most focused head first."""
