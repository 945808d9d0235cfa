"""Binarized neural networks from PyTorch to iCE40 and ECP5 FPGAs, verified bit for bit at each step."""

__version__ = "0.1.0"
