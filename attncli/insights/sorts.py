"""The orders that maps of heads come in, and the scores that an overview shows. A separate module, so that the
command line can list them without numpy."""

SORTS = ("layer", "previous", "first", "self", "same", "induction", "entropy")
"""By layer and head; by the score of a pattern, largest first; by the entropy, most focused head first."""
OVERVIEW_SCORES = ("pattern", *SORTS[1:])
"""What an overview colors heads by: the score of the clearest pattern, of one pattern, or the entropy."""
