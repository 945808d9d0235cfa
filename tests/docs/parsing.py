"""Commands that are not run: what their program's own parser says of them."""

import argparse
import contextlib
import io
import itertools
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest.mock import patch

import click
import pytest
from packaging.requirements import InvalidRequirement, Requirement

from tests.docs.pages import ROOT, PageError
from xnorflow.cli import cli
from xnorflow.model.zoo import ZOO

__all__ = ["parse", "parse_mention", "xnorflow_words"]

CAPITALS = {"NAME": "digits", "B": "icebreaker", "N": "1", "NET": "digits"}
"""What stands for a name in capitals in the running text, where any word will not do."""


class Parsed(Exception):
    """The arguments were read, and what they ask for would begin now."""


def parse(words: tuple[str, ...], *, folder: Path, made: set[str]) -> None:
    """Let a command's program read its arguments, without doing what they say.

    Parameters
    ----------
    words : tuple of str
        The command.
    folder : Path
        Where its files are.
    made : set of str
        Files and folders that commands before this one would have written; what this one writes is added.

    Raises
    ------
    PageError
        When the program would refuse them, or a file is not there.
    """
    ours = xnorflow_words(words)
    if ours is None:
        _other(words)
        return
    if not ours:
        return
    name, *rest = ours
    command, context = _command(name)
    try:
        with command.make_context(name, list(ours if command is cli else rest), parent=context) as parsed:
            values = [(parameter, parsed.params.get(parameter.name)) for parameter in command.params]
    except click.exceptions.Exit:
        return
    except click.ClickException as error:
        raise PageError(f"{' '.join(words)}: {error.format_message()}") from error
    for parameter, value in values:
        for entry in map(str, _entries(value)):
            if "-o" in parameter.opts:
                made.add(entry)
            elif _names_a_file(parameter) and not _is_there(entry, folder, made):
                raise PageError(f"{' '.join(words)}: {entry} must be a file, or made by a command before")


def parse_mention(words: tuple[str, ...]) -> None:
    """Read a command of the running text, which may leave out arguments and name them in capitals.

    Raises
    ------
    PageError
        When the program does not know a word of it.
    """
    ours = xnorflow_words(words)
    if ours is None:
        _other(words)
        return
    if not ours:
        return
    name, *rest = (CAPITALS.get(word, word) for word in ours)
    command, context = _command(name)
    rest = [name, *rest] if command is cli else rest
    flags = {opt: parameter for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)}
    if rest and rest[-1] in flags and not getattr(flags[rest[-1]], "is_flag", False):
        # An option that is only named: `xnorflow build --baud`.
        rest.pop()
    with click.Context(command, parent=context, info_name=name) as parsed:
        try:
            values, left, order = command.make_parser(parsed).parse_args(rest)
            if left:
                raise PageError(f"{' '.join(words)}: no argument takes {left[0]!r}")
            for parameter in order:
                for entry in _entries(values.get(parameter.name)):
                    parameter.type.convert(entry, parameter, parsed)
                    _check_name(parameter, entry, words)
        except click.ClickException as error:
            raise PageError(f"{' '.join(words)}: {error.format_message()}") from error


def xnorflow_words(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """What a command gives to xnorflow, whichever way it is called; None for another program's."""
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    for call in (("xnorflow",), ("python", "-m", "xnorflow")):
        if words[: len(call)] == call:
            return words[len(call) :]
    return None


def _command(name: str) -> tuple[click.Command, click.Context]:
    """A command of xnorflow by its name."""
    context = click.Context(cli, info_name="xnorflow")
    command = cli if name.startswith("-") else cli.get_command(context, name)
    if command is None:
        raise PageError(f"xnorflow has no command {name!r}")
    return command, context


def _entries(value):
    """The values of a parameter: none, one or many. What is no name of a file, a record, is left out."""
    values = value if isinstance(value, tuple | list) else (value,)
    return [entry for entry in values if isinstance(entry, str | Path)]


def _names_a_file(parameter: click.Parameter) -> bool:
    """Whether the values of a parameter are files, folders or networks."""
    return isinstance(parameter, click.Argument | click.Option) and (
        isinstance(parameter, click.Argument) or isinstance(parameter.type, click.Path) or parameter.name == "start"
    )


def _is_there(entry: str, folder: Path, made: set[str]) -> bool:
    """Whether a file is there, or would be; a network of the zoo, or the number of a test image, always is."""
    parents = {str(path) for path in (Path(entry), *Path(entry).parents)}
    return entry in ZOO or entry.isdigit() or (folder / entry).exists() or bool(parents & made)


def _check_name(parameter: click.Parameter, entry: str, words: tuple[str, ...]) -> None:
    """A network in the running text must be one of the zoo, unless it looks like a file or is a word in capitals."""
    if parameter.name in ("model", "definition", "start") and re.fullmatch(r"[a-z0-9-]+", entry) and entry not in ZOO:
        raise PageError(f"{' '.join(words)}: {entry} must be a network of the zoo")


def _other(words: tuple[str, ...]) -> None:
    """Commands of other programs."""
    words = (words[0].removeprefix(".venv/bin/"), *words[1:])
    for known, check in OTHERS.items():
        if words[: len(known)] == known:
            check(words[len(known) :])
            return
    raise PageError(f"no test knows how to read this: {' '.join(words)}")


def _bench(module: str, rest: tuple[str, ...]) -> None:
    """A module of bench, up to where its arguments are read."""

    def stop(parser, *arguments, **options):
        read(parser, *arguments, **options)
        raise Parsed

    read, errors = argparse.ArgumentParser.parse_args, io.StringIO()
    with (
        patch.object(argparse.ArgumentParser, "parse_args", stop),
        patch.object(sys, "argv", [module, *rest]),
        contextlib.redirect_stderr(errors),
    ):
        try:
            runpy.run_module(module, run_name="__main__")
        except Parsed:
            return
        except (SystemExit, ImportError) as error:
            raise PageError(f"python -m {module} {' '.join(rest)}: {errors.getvalue().strip() or error}") from error
    raise PageError(f"python -m {module} reads no arguments")


def _python(rest: tuple[str, ...]) -> None:
    """A file of Python that is there, or a module of bench."""
    if len(rest) > 1 and rest[0] == "-m" and re.fullmatch(r"bench(\.\w+)?", rest[1]):
        _bench(rest[1] if "." in rest[1] else "bench.__main__", rest[2:])
    elif not rest or not rest[0].endswith(".py") or not (ROOT / rest[0]).is_file():
        raise PageError(f"python must run a file that is there, or a module of bench: {' '.join(rest)}")


def _pytest(rest: tuple[str, ...]) -> None:
    """Tests that are there: one, at least, is collected."""
    # With what this machine could not run.
    insist = ("--insist", "data", "--insist", "models", "--insist", "packages", "--insist", "tools")
    options = ("--collect-only", "-q", "-p", "no:cacheprovider", *insist)
    # Of all tests, those of one file do to see whether the options are right.
    some = () if any((ROOT / word.partition("::")[0]).exists() for word in rest) else ("tests/lint/test_structure.py",)
    command = [sys.executable, "-m", "pytest", *options, *rest, *some]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and not (some and done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED):
        raise PageError(f"pytest {' '.join(rest)}: {(done.stdout + done.stderr).strip().splitlines()[-1]}")


def _pip(rest: tuple[str, ...]) -> None:
    """Packages of the project: itself with extras that there are, or what it depends on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = itertools.chain(project["dependencies"], *extras.values())
    needs = {Requirement(line).name for line in lines}
    words = list(rest)
    while words:
        word = words.pop(0)
        if word in ("-c", "-r", "--index-url", "--extra-index-url"):
            target = words.pop(0) if words else ""
            if not target.startswith("https://") and not (ROOT / target).is_file():
                raise PageError(f"pip install {word} must be followed by a file or an address, not {target!r}")
            continue
        if word == "-e":
            continue
        try:
            wanted = Requirement(word.replace(".[", "xnorflow[", 1) if word.startswith(".[") else word)
        except InvalidRequirement as error:
            raise PageError(f"pip install {word}: {error}") from error
        if wanted.name not in needs and wanted.name != "xnorflow":
            raise PageError(f"pip install {word}: the project does not depend on it")
        if wanted.name == "xnorflow" and not wanted.extras <= set(extras):
            raise PageError(f"pip install {word}: the project's extras are {', '.join(extras)}")


def _make(rest: tuple[str, ...]) -> None:
    """Targets of the Makefile, of which make only says what it would do."""
    # Called by make itself, it would say so in its messages.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
    }
    done = subprocess.run(["make", "-n", *rest], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PageError(f"make {' '.join(rest)}: {done.stderr.strip()}")


OTHERS = {
    ("python", "-m", "pytest"): _pytest,
    ("pytest",): _pytest,
    ("python", "-m", "pip", "install"): _pip,
    ("pip", "install"): _pip,
    ("make",): _make,
    ("python",): _python,
}
