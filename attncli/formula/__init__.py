"""The mathematics of a transformer in pure numpy, one file for each part. Nothing here knows of models or
files."""
