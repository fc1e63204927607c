"""The styles of text at a terminal, as Rich names them."""

HEAD, QUIET, STRONG = "cyan", "dim", "bold"
NAME, FORMULA = "bold", "green"
