"""The options by which commands take images of one's own."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..model.data.own_data import PARTS
from ..own import LARGEST_SIDE, Own

__all__ = ["DATA", "FIT", "INVERT", "PART", "Size", "choose_own", "own_images", "own_training"]


class Size(click.ParamType[Any]):
    """Rows and columns: ``28x28``."""

    name = "HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        sides = tuple(int(side) for side in str(value).split("x") if side.isdecimal() and len(side) < 5)
        if len(sides) != 2 or str(value).count("x") != 1 or not all(1 <= side <= LARGEST_SIDE for side in sides):
            self.fail(
                f"size must be rows and columns such as 28x28, of 1..{LARGEST_SIDE} each, not {value!r}", param, ctx
            )
        return sides[0], sides[1]


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
        return command(*args, dataset=dataset, own=choose_own(data, dataset, part, fit=fit, invert=invert), **rest)

    return run


def own_training(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``own``, as :func:`own_images` does, but all parts of it."""

    @DATA
    @FIT
    @INVERT
    @functools.wraps(command)
    def run(*args: Any, data: Path | None, fit: bool, invert: bool, dataset: str | None, **rest: Any) -> Any:
        return command(*args, dataset=dataset, own=choose_own(data, dataset, None, fit=fit, invert=invert), **rest)

    return run


def choose_own(data: Path | None, dataset: str | None, part: str | None, *, fit: bool, invert: bool) -> Own | None:
    """What these options name together; click.UsageError when they do not go together."""
    if data is not None and dataset is not None:
        raise click.UsageError("--data and --dataset exclude each other; give one of them")
    if data is not None:
        return Own(data, fit=fit, invert=invert, part=part or "test")
    for option, given in (("--part", part), ("--fit", fit), ("--invert", invert)):
        if given:
            raise click.UsageError(f"{option} is for images of your own; name them with --data")
    return None
