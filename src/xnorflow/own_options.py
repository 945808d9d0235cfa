"""The options by which commands take images of one's own."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .model.own_data import PARTS
from .own import Own

__all__ = ["FIT", "INVERT", "own_images", "own_training"]

DATA = click.option(
    "--data",
    metavar="FILE.npz|FOLDER",
    type=click.Path(path_type=Path),
    help="Images of your own: arrays images and labels, or a folder of pictures for each class.",
)
PART = click.option("--part", type=click.Choice(PARTS), help="Which of your own images.  [default: test]")
FIT = click.option("--fit", is_flag=True, help="Resize pictures to what the network takes, and centre them.")
INVERT = click.option("--invert", is_flag=True, help="Turn dark into bright: for black on white.")


def own_images(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``own``: :class:`Own` or None, from ``--data``, ``--part``, ``--fit`` and ``--invert``."""

    @DATA
    @PART
    @FIT
    @INVERT
    @functools.wraps(command)
    def run(
        *args: Any, data: Path | None, part: str | None, fit: bool, invert: bool, dataset: str | None, **rest: Any
    ) -> Any:
        return command(*args, dataset=dataset, own=_own(data, dataset, part, fit=fit, invert=invert), **rest)

    return run


def own_training(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``own``, as :func:`own_images` does, but all parts of it."""

    @DATA
    @FIT
    @INVERT
    @functools.wraps(command)
    def run(*args: Any, data: Path | None, fit: bool, invert: bool, dataset: str | None, **rest: Any) -> Any:
        return command(*args, dataset=dataset, own=_own(data, dataset, None, fit=fit, invert=invert), **rest)

    return run


def _own(data: Path | None, dataset: str | None, part: str | None, *, fit: bool, invert: bool) -> Own | None:
    if data is not None and dataset is not None:
        raise click.UsageError("--data and --dataset exclude each other; give one of them")
    if data is not None:
        return Own(data, fit=fit, invert=invert, part=part or "test")
    for option, given in (("--part", part), ("--fit", fit), ("--invert", invert)):
        if given:
            raise click.UsageError(f"{option} is for images of your own; name them with --data")
    return None
