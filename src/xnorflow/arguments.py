"""Types of the command line's arguments."""

from typing import Any

import click

__all__ = ["ImageCount", "Named"]


class Named(click.ParamType[Any]):
    """An argument that names something; unknown names are an error of usage that lists the known ones."""

    def __init__(self, name: str, look_up: Any) -> None:
        self.name = name
        self.look_up = look_up

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.look_up(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ImageCount(click.ParamType[Any]):
    """A number of images, or all of them."""

    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value is None or value == "all":
            return None
        try:
            count = int(value)
        except ValueError:
            count = 0
        if count < 1:
            self.fail(f"images must be 1 or more, or all, not {value!r}", param, ctx)
        return count
