"""A model: loading it, giving it text, and running the text through its weights."""
