"""Writes samples/exercise.npz: one attention layer small enough to check by hand.

Three words with 2 numbers each, one head with d_k = 1 so that √d_k = 1, and W_V = W_O = the identity:
the weights of a word are softmax(q · k) over the three, and its output is the words' vectors, so mixed.
"""

from pathlib import Path

import numpy as np

layer = {
    "embedding": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
    "w_q": np.array([[1.0], [0.0]]),  # a query is the word's first number
    "w_k": np.array([[0.0], [1.0]]),  # a key is the word's second number
    "w_v": np.eye(2),
    "w_o": np.eye(2),
}

if __name__ == "__main__":
    np.savez(Path(__file__).with_name("exercise.npz"), **{k: v.astype(np.float32) for k, v in layer.items()})
