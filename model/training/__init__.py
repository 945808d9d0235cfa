"""Torch modules, their training, and their export."""
