"""The orders that maps of heads come in. A separate module, so that the command line can list them without
numpy."""

SORTS = ("layer", "previous", "first", "self", "same", "induction", "entropy")
"""By layer and head; by the score of a pattern, largest first; by the entropy, most focused head first."""
