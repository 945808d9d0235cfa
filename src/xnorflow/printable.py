"""Text from outside, made harmless: no name, message or path moves the cursor, colours a line or hides what follows."""

__all__ = ["one_line", "printable"]


def printable(text: object) -> str:
    r"""The text with everything that is not printed as it stands written as Python escapes it.

    These are control characters, line ends among them, marks that reverse the direction of writing, characters without
    width, spaces that are none, and bytes of file names that are no UTF-8: ``"a\nb"`` becomes ``r"a\nb"``.
    """
    words = str(text)
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def one_line(text: object) -> str:
    """The text in one line: its own lines joined by a space, the rest of it as :func:`printable` has it."""
    lines = (line.strip(" \t") for line in str(text).split("\n"))
    return printable(" ".join(filter(None, lines)))
