"""The name that somebody may have meant."""

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """``"; did you mean 'tfc'?"`` to append to an error, or nothing where no name is close to the word."""
    close = difflib.get_close_matches(word.lower(), list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
