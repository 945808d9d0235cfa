"""How long work tells of itself."""

from collections.abc import Callable

__all__ = ["Progress", "silence"]

Progress = Callable[[str, int, int], None]
"""Called with what runs, how much of it is done, and how much there is."""


def silence(_text: str, _done: int, _total: int) -> None:
    """Progress that is told to no one."""
