"""What can be read off the weights: pure functions on arrays, which know no model and no rendering."""
