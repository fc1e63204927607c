"""The styles of text at a terminal, as Rich names them."""

HEAD, QUIET, STRONG = "cyan", "dim", "bold"
NAME, FORMULA = "bold", "green"
STYLES = {"-inf": QUIET, "0": QUIET, "nan": "bold red", "inf": "bold red"}
"""Of numbers that mean something besides their size: masked, exactly zero, not finite."""
