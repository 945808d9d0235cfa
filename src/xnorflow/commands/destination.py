"""Arguments that name what is to be written: whether it can be is found out before the work, not after it."""

import tempfile
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = ["OutputFile", "OutputFolder"]


class OutputFile(click.ParamType[Path]):
    """A file to write, in a folder that is there or can be made.

    Parameters
    ----------
    beside : tuple of :class:`str`
        Suffixes of the files that are written beside it, under its name: none of them may be its own.
    """

    name = "file"

    def __init__(self, *beside: str) -> None:
        self.beside = beside

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not str(value):
            self.fail("must be a file to write, not ''", param, ctx)
        path = Path(value)
        if path.suffix in self.beside:
            text = f"{path}: must not end in {path.suffix}, as what is written beside it does; name it .safetensors"
            self.fail(text, param, ctx)
        files = [path, *map(path.with_suffix, self.beside)] if path.name else [path]
        _check(self, path.parent, *files, param=param, ctx=ctx)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file")]


class OutputFolder(click.ParamType[Path]):
    """A folder to write to, which is there or can be made."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not str(value):
            self.fail("must be a folder to write to, not ''", param, ctx)
        _check(self, Path(value), param=param, ctx=ctx)
        return Path(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="dir")]


def _check(
    kind: click.ParamType[Path], folder: Path, *files: Path, param: click.Parameter | None, ctx: click.Context | None
) -> None:
    """Fail unless the files, and anything else, can be written to the folder."""
    try:
        for file in files:
            _check_file(file)
        _check_folder(folder)
    except OSError as error:
        kind.fail(f"{error.filename or folder}: cannot be written to ({error.strerror})", param, ctx)
    except ValueError as error:
        kind.fail(str(error), param, ctx)


def _check_file(path: Path) -> None:
    """Raise ValueError for what is there and is no file: it would be in the way, or, as a device, be replaced."""
    if path.is_dir():
        raise ValueError(f"{path}: must be a file to write, not a folder")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: must be a file to write, not a device or a pipe")


def _check_folder(path: Path) -> None:
    """Raise OSError or ValueError when nothing can be written to a folder, or it cannot be made."""
    place = next(part for part in (path, *path.parents) if part.exists() or part.is_symlink())
    if not place.is_dir():
        raise ValueError(f"{path}: must be a folder to write to, but {place} is none")
    try:
        # Nothing else tells for certain: not the owner, not the mode, not whether the disk is mounted to be read only.
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        # Not the temporary file's name, which nobody has chosen.
        error.filename = str(place)
        raise
