"""Paths as readers write them."""

import os

__all__ = ["StrPath"]

StrPath = str | os.PathLike[str]
"""A string or a :class:`pathlib.Path`."""
