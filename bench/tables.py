"""Tables of measured figures in the pages of ``docs/``."""

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["table", "write_table"]

MARKS = ("<!-- bench: begin -->\n", "<!-- bench: end -->\n")


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write_table(page: Path, text: str) -> None:
    """Put a table between the marks of a page."""
    head, rest = page.read_text().split(MARKS[0])
    page.write_text(head + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])
