"""Attention and recurrence, measured: the claims by which the Transformer was introduced (Vaswani et al. 2017,
§4), on the user's own sentence, with one seeded layer each of about as many parameters."""
