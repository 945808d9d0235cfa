"""Names of classes: text from files and folders, checked where it comes in."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["LONGEST", "check_label", "check_labels"]

LONGEST = 100
"""Characters that the name of a class may have."""


def check_labels(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    """The names of this many classes, or none at all.

    Raises
    ------
    TypeError
        When they are not text.
    ValueError
        When there is another number of them, two are the same, or one is empty, too long or cannot be printed.
    """
    # A set or a dictionary has no order of its own.
    if not isinstance(labels, tuple | list):
        raise TypeError(f"labels must be a tuple of names, not {labels!r}")
    names = tuple(map(check_label, labels))
    if names and len(names) != classes:
        raise ValueError(f"labels must be one for each of {classes} classes, not {len(names)}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"labels must differ, but {twice[0]!r} is there twice")
    return names


def check_label(name: str) -> str:
    """The name of a class; errors as for :func:`check_labels`."""
    if not isinstance(name, str):
        raise TypeError(f"a label must be text, not {name!r}")
    # What cannot be printed would move a terminal's cursor, or make two names look the same.
    if not name.strip() or len(name) > LONGEST or not name.isprintable():
        raise ValueError(f"a label must be 1 to {LONGEST} characters that can be printed, not {name[:LONGEST]!r}")
    return str(name)
