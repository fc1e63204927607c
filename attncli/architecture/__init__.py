"""What a model is: its spec, the parts it is put together from, its parameters, its traits."""
