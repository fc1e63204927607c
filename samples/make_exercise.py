"""Writes samples/exercise.npz: one attention layer that is small enough to check by hand, as samples/exercise.md
does.

Three words with 2 numbers each, one head with d_k = 4 so that √d_k = 2, and the identity for W_V and W_O.
"""

from pathlib import Path

import numpy as np

layer = {
    "embedding": np.array([[1, 0], [0, 1], [1, 1]]),
    "w_q": np.array([[2, 0, 0, 0], [0, 2, 0, 0]]),  # a query is twice the two numbers of the word
    "w_k": np.array([[0, 1, 0, 0], [1, 0, 0, 0]]),  # a key is the two numbers of the word, swapped
    "w_v": np.eye(2),
    "w_o": np.eye(2),
}

if __name__ == "__main__":
    np.savez(Path(__file__).with_name("exercise.npz"), **{k: v.astype(np.float32) for k, v in layer.items()})
