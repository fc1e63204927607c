"""Attention and recurrence, measured: three claims made for the Transformer (Vaswani et al. 2017, §4), on the
user's own sentence. One seeded layer each of an RNN, an LSTM and self-attention, with about as many parameters."""

EXPERIMENTS = ("sequential", "range", "order")
"""The experiments by name, in the order in which they run."""
