"""Tables of measured figures in the pages of ``docs/``."""

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["read_table", "table", "write_table"]


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write_table(page: Path, text: str, name: str = "bench") -> None:
    """Put a table between the marks of that name in a page."""
    begin, end = (f"<!-- {name}: {mark} -->\n" for mark in ("begin", "end"))
    head, rest = page.read_text().split(begin)
    page.write_text(head + begin + text + end + rest.split(end)[1])


def read_table(page: Path, name: str = "bench") -> list[list[str]]:
    """The rows of the table between the marks of that name in a page, without its head."""
    begin, end = (f"<!-- {name}: {mark} -->\n" for mark in ("begin", "end"))
    lines = page.read_text().split(begin)[1].split(end)[0].splitlines()
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[2:]]
