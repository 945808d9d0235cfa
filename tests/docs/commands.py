"""Commands of a block: their words, without a shell, and what the page shows of their output."""

import re
import shlex
from dataclasses import dataclass

from tests.docs.pages import Block, PageError

__all__ = ["Command", "check_output", "commands", "looks_like_a_command", "split"]

PROGRAMS = ("xnorflow", "python", "pytest", "pip", "make")
LOOKS = re.compile(rf"(?:^|[\s`$])(?:{'|'.join(PROGRAMS)}) \S", re.MULTILINE)
EVAL = re.compile(r'eval "\$\((.*)\)"')
SHELL = "();<>|&"


@dataclass(frozen=True)
class Command:
    """A command: its line in the page, its words, and the output below it, or None where the page shows none."""

    line: int
    words: tuple[str, ...]
    output: tuple[str, ...] | None = None

    def begins_with(self, prefix: str) -> bool:
        """Whether these are its first words."""
        words = split(prefix)
        return self.words[: len(words)] == words


def looks_like_a_command(text: str) -> bool:
    """Whether somebody would type this."""
    return LOOKS.search(text) is not None


def split(text: str) -> tuple[str, ...]:
    """The words of a command; that of ``eval "$(...)"`` is the one whose output a shell would read."""
    if found := EVAL.fullmatch(text.strip()):
        text = found[1]
    lexer = shlex.shlex(text, posix=True, punctuation_chars=SHELL)
    lexer.whitespace_split = True
    words = tuple(lexer)
    if any(set(word) <= set(SHELL) for word in words):
        raise PageError(f"a command must do without a shell's signs: {text.strip()}")
    return words


def commands(block: Block) -> list[Command]:
    """The commands of a block, in order; a line that ends in a backslash goes on in the next one."""
    prompt = "$ " if block.language == "console" else ""
    found: list[tuple[int, str, list[str]]] = []
    going_on = False
    for line, text in enumerate(block.text.splitlines(), start=block.line):
        if going_on:
            number, before, shown = found.pop()
            found.append((number, before.removesuffix("\\") + text, shown))
        elif text.startswith(prompt):
            found.append((line, text.removeprefix(prompt), []))
        elif not found:
            raise PageError(f"line {line}: a block of console must begin with a command behind '$ '")
        else:
            found[-1][2].append(text)
        going_on = found[-1][1].endswith("\\")
    every = [Command(line, split(text), tuple(shown) if shown else None) for line, text, shown in found]
    return [command for command in every if command.words]


def check_output(expected: tuple[str, ...], output: str, *, figures: bool = True) -> None:
    """Compare what a page shows with what a command printed; ``...`` stands for what differs, or any figure for another.

    Raises
    ------
    PageError
        When they are not the same.
    """
    shown, printed = _trimmed(expected), _trimmed(output.splitlines())
    if not figures:
        shown, printed = ([re.sub(r"\d+([.,]\d+)*", "0", line) for line in lines] for lines in (shown, printed))
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in shown
    )
    if not re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)):
        raise PageError("\n".join(("the page shows:", *shown, "the command prints:", *printed)))


def _trimmed(lines) -> list[str]:
    """Lines without blanks at their ends, and without empty ones before and after."""
    return "\n".join(line.rstrip() for line in lines).strip("\n").splitlines()
