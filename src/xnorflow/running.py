"""How a run of the command line ends: its exit status, and an error told in one line."""

import os
import sys
import traceback
from typing import NoReturn

import click

from .console import complain, note
from .errors import explain

__all__ = ["run"]

PROGRAM = "xnorflow"

DEBUG = "--debug"


def run(command: click.Command) -> NoReturn:
    """Run a command with the words of this process, and exit.

    The status is 2 for wrong usage, 130 for an interrupt, 1 for any other failure; each is told in one line. The word
    ``--debug``, anywhere before a ``--``, asks for the traceback of a failure, too.
    """
    words, debug = _without_debug(sys.argv[1:])
    try:
        try:
            # Without words a newcomer wants to see what there is.
            status = command.main(words or ["--help"], prog_name=PROGRAM, standalone_mode=False)
            sys.stdout.flush()
        except Exception as error:
            status = _tell(error, debug=debug)
        except KeyboardInterrupt as error:
            status = _tell(error, debug=debug)
    except BrokenPipeError:
        # Whoever read the output has enough. What is still in a buffer would be written at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """The words without ``--debug``, and whether it was among them."""
    end = words.index("--") if "--" in words else len(words)
    return [word for word in words[:end] if word != DEBUG] + words[end:], DEBUG in words[:end]


def _tell(error: BaseException, *, debug: bool) -> int:
    """Tell what went wrong; give the exit status."""
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, KeyboardInterrupt | click.Abort):
        complain("interrupted")
        return 130
    if debug and not isinstance(error, click.ClickException):
        for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
            note(line)
    complain(explain(error))
    return 2 if isinstance(error, click.ClickException) else 1
