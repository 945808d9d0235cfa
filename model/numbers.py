"""Whole numbers as readers write them, Python's or numpy's, made Python's own: what files and hardware hold."""

import numpy as np

__all__ = ["Pair", "flag", "integer", "integers", "pair"]

Pair = tuple[int, int]


def integer(name: str, value: object) -> int:
    """A number as Python's int; TypeError when it is anything but an integer, which True and 1.0 are not.

    >>> integer("stride", np.int64(2))
    2
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    return int(value)


def integers(name: str, values: object) -> tuple[int, ...]:
    """A tuple, list, range or array of integers as a tuple of Python's; TypeError when it is anything else.

    >>> integers("levels", np.array([8, 16], np.uint8))
    (8, 16)
    """
    # Elements of an array come out as Python's own numbers.
    found = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(found, tuple | list | range):
        raise TypeError(f"{name} must be a tuple of integers, not {found!r}")
    for value in found:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{name} must be integers, not {value!r}")
    return tuple(int(value) for value in found)


def pair(name: str, value: object) -> Pair:
    """Rows and columns, from two integers, or from one that is both; TypeError or ValueError when it is anything else.

    >>> pair("kernel", 3)
    (3, 3)
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value), int(value)
    if not isinstance(value, tuple | list | range | np.ndarray):
        raise TypeError(f"{name} must be an integer or a pair of integers, not {value!r}")
    found = integers(name, value)
    if len(found) != 2:
        raise ValueError(f"{name} must be an integer or a pair of integers, not {found!r}")
    return found[0], found[1]


def flag(name: str, value: object) -> bool:
    """True or False, Python's or numpy's, as Python's; TypeError when it is anything else."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return bool(value)
