"""One file a command, each imported when it is run."""
