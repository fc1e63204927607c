"""The one array type of the formulas: real floating-point numbers of any shape."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
