"""The architecture of a model: its spec, its parts, its parameters, its traits."""
