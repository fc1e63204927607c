"""The mathematics of a transformer in pure numpy, a file a part. Nothing here knows of models or files."""
