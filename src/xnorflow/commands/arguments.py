"""Types of the command line's arguments: what they may be, what was perhaps meant, what a shell completes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..suggest import did_you_mean

__all__ = ["Choice", "ImageCount", "ModelName", "Named", "OneOf"]


class Named(click.ParamType[Any]):
    """An argument that names something; unknown names are an error of usage that lists the known ones.

    Parameters
    ----------
    name : :class:`str`
        What it names.
    look_up : callable
        Gives what has the name, or raises ValueError.
    names : iterable of :class:`str`
        The names that there are.
    """

    def __init__(self, name: str, look_up: Callable[[str], Any], names: Iterable[str]) -> None:
        self.name = name
        self.look_up = look_up
        self.names = tuple(names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.look_up(value)
        except ValueError as error:
            self.fail(f"{error}{did_you_mean(value, self.names)}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning(self.names, incomplete)


class OneOf(Named):
    """An argument that is one of some names, and stays one."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(name, self._check, names)

    def _check(self, value: str) -> str:
        if value not in self.names:
            raise ValueError(f"{self.name} must be one of {', '.join(self.names)}, not {value!r}")
        return value


class ModelName(click.ParamType[str]):
    """A file or a folder, or a network's name: it is looked up when the command runs."""

    name = "model"

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        # Bash drops all other items for files.
        return _beginning(self.names, incomplete) or [CompletionItem(incomplete, type="file")]


class Choice(click.Choice[Any]):
    """One of a few values; others are an error of usage that names the closest."""

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__(choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            meant = did_you_mean(str(value), map(str, self.choices))
            self.fail(f"{error.message.rstrip('.')}{meant}" if meant else error.message, param, ctx)


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


def _beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
