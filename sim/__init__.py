"""Verification of the gateware against the golden model."""
