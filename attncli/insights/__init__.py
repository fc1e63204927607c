"""What can be read off the stages: pure functions on arrays, which run no model and know no rendering."""
