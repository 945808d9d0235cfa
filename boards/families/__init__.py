"""Families of FPGAs: a file each, and the table of them."""
