"""The only place that writes to the terminal: lines, tables, JSON, progress; all of it made harmless on the way."""

import contextlib
import json
import sys
import time
from collections.abc import Iterable, Iterator

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .printable import printable

__all__ = ["complain", "note", "progress", "say", "say_json", "show", "table"]

# Tables keep their columns in a pipe or a file, where nobody says how wide a line is. Nothing is read as markup or as
# the name of an emoji.
_OUTPUT = Console(markup=False, emoji=False, highlight=False, width=None if sys.stdout.isatty() else 140)
# Progress is no result: it must not get into a pipe.
_ERRORS = Console(markup=False, emoji=False, highlight=False, stderr=True)

QUIET_SECONDS = 10.0
"""Without a terminal, a line each time another thing runs, and this often while one goes on."""


class _Stages:
    """A progress line on a terminal, plain lines elsewhere."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)
        self._text = ""
        self._said = 0.0

    def __call__(self, text: str, done: int, total: int) -> None:
        text = printable(text)
        self._bar.update(self._task, description=text, completed=done, total=total if total > 1 else None)
        if _ERRORS.is_terminal:
            return
        stage = text.partition(":")[0]
        if stage != self._text or time.monotonic() - self._said > QUIET_SECONDS:
            note(f"{text}{f' {done}/{total}' if total > 1 else ''} ...")
            self._text, self._said = stage, time.monotonic()


def say(*lines: str) -> None:
    """Lines of a result."""
    for line in lines:
        click.echo(printable(line))


def say_json(data: object, *, indent: int | None = 2) -> None:
    """A result for a program to read."""
    click.echo(json.dumps(data, indent=indent))


def note(line: str) -> None:
    """A line that is no result."""
    click.echo(printable(line), err=True)


def complain(text: str) -> None:
    """A line about what went wrong."""
    note(f"xnorflow: {text}")


def show(result: Table) -> None:
    """A table, as :func:`table` makes it."""
    _OUTPUT.print(result)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table with a title above it."""
    result = Table(title=Text(printable(title), style="italic"), title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        result.add_column(Text(column))
    for row in rows:
        result.add_row(*(Text("" if cell is None else printable(cell)) for cell in row))
    return result


@contextlib.contextmanager
def progress() -> Iterator[_Stages]:
    """A progress line for as long as the block runs; call it with a text, how much is done, and how much there is."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=_ERRORS,
        transient=True,
        disable=not _ERRORS.is_terminal,
    )
    with bar:
        yield _Stages(bar)
