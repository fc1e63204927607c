"""The array types of the formulas: real floating-point numbers of any shape, and whole numbers that index."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Index = NDArray[np.intp]
