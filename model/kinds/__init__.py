"""Kinds of layers, a file each: the record, and what it means in integers."""
