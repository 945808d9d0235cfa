"""Binarized neural networks from PyTorch to iCE40 and ECP5 FPGAs, verified bit for bit at each step."""

from typing import Any

__all__ = ["connect"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import :func:`connect` when it is asked for: it needs the extra ``boards``, and the package does not."""
    if name == "connect":
        from .remote import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
