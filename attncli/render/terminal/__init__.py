"""Pages for people at a terminal, by Rich."""
