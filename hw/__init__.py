"""Gateware: Amaranth components, folding and estimates."""
