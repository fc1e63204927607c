"""A page: what a view builds and a medium shows. Blocks for people, data for programs; nothing of models."""
