"""From a page to a medium: the terminal, documents, pictures. Nothing here knows of models."""
