"""Stages, traces of them, and how a forward pass is recorded."""
