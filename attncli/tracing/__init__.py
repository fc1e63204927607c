"""Stages, traces of them, and the tap: how a forward pass is recorded and changed."""
