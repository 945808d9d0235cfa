"""What a page holds, as CommonMark reads it: blocks of code with the comments before them, spans of code, links."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["PAGES", "ROOT", "Block", "Note", "Page", "PageError", "Span", "read"]

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}

NOTE = re.compile(r"<!-- test (?P<verb>[a-z]+)(?P<spans>(?: (?:to )?`[^`]+`)*):(?P<text>.*)-->\s*", re.DOTALL)
# How many spans each verb takes: from, to.
VERBS = {
    "setup": (0, 0),
    "check": (0, 0),
    "parse": (0, 1),
    "add": (1, 2),
    "figures": (0, 0),
    "build": (1, 1),
    "board": (1, 1),
}


class PageError(Exception):
    """What is wrong with a page, in one line."""


@dataclass(frozen=True)
class Note:
    """A comment in front of a block: what the test does with it."""

    verb: str
    spans: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Block:
    """A block of code, with the number of its first line."""

    line: int
    language: str
    text: str
    notes: tuple[Note, ...] = ()

    def noted(self, verb):
        """The comments of one kind."""
        return [note for note in self.notes if note.verb == verb]


@dataclass(frozen=True)
class Span:
    """Code, or the target of a link, in the running text; the line is that of its paragraph."""

    line: int
    text: str


@dataclass(frozen=True)
class Page:
    """What a page holds, each in its order; headings as the anchors that links use."""

    blocks: tuple[Block, ...]
    spans: tuple[Span, ...]
    links: tuple[Span, ...]
    anchors: frozenset[str]


def read(text: str) -> Page:
    """What the text of a page holds.

    Raises
    ------
    PageError
        When a comment is none that the test knows, or does not stand in front of a block.
    """
    blocks, spans, links, anchors = [], [], [], set()
    notes: list[Note] = []
    heading = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            notes += _notes(token, line)
            continue
        if token.type in ("fence", "code_block"):
            language = token.info.strip() if token.type == "fence" else "sh"
            blocks.append(Block(line + (token.type == "fence"), language, token.content, tuple(notes)))
            notes = []
        elif notes:
            raise PageError(f"line {line}: a test comment must stand in front of a block of code")
        if token.type == "inline":
            inner = token.children or []
            spans += [Span(line, child.content) for child in inner if child.type == "code_inline"]
            links += [Span(line, str(child.attrs["href"])) for child in inner if child.type == "link_open"]
            if heading:
                anchors.add(_anchor(token.content))
        heading = token.type == "heading_open"
    if notes:
        raise PageError("the last test comment must stand in front of a block of code")
    return Page(tuple(blocks), tuple(spans), tuple(links), frozenset(anchors))


def _notes(token: Token, line: int) -> list[Note]:
    """The comment of a block of HTML, where it is for the test."""
    if not re.match(r"<!--\s*tests?\b", token.content):
        return []
    found = NOTE.fullmatch(token.content)
    if found is None or found["verb"] not in VERBS:
        raise PageError(
            f"line {line}: a test comment must be as tests/docs/__init__.py has them: {token.content.strip()}"
        )
    spans = tuple(re.findall(r"`([^`]+)`", found["spans"]))
    low, high = VERBS[found["verb"]]
    if not low <= len(spans) <= high:
        raise PageError(f"line {line}: {found['verb']} takes {low} to {high} `spans`, not {len(spans)}")
    if not found["text"].strip():
        raise PageError(f"line {line}: {found['verb']} must give its reason, or code, behind the colon")
    return [Note(found["verb"], spans, found["text"].strip())]


def _anchor(heading: str) -> str:
    """The anchor that a heading has on the pages of a forge."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
