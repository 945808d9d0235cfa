"""Data sets, and readers of the files that they come in."""
