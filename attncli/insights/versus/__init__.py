"""Attention and recurrence, measured: three claims made for the Transformer (Vaswani et al. 2017, §4), on the
user's own sentence. One seeded layer each of an RNN, an LSTM and self-attention, with about as many parameters."""
