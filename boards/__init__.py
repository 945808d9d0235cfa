"""Boards: catalogue, board top, tool flow and flashing."""
