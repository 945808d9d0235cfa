"""What the running text refers to is there: commands, options, files and what they define, pages and their headings."""

import contextlib
import importlib
import re

import pytest

from tests.docs.commands import PROGRAMS, split
from tests.docs.pages import PAGES, ROOT, PageError, read
from tests.docs.parsing import parse_mention
from xnorflow.cli import cli

OWN = ("model", "hw", "sim", "boards")
FOLDERS = (*OWN, "bench", "docs", "examples", "src", "tests")
# Options of Verilator, and of bench.
FOREIGN = {"--public-flat-rw", "--no-public-flat-rw", "--write", "--only"}

READ = {name: read(path.read_text()) for name, path in PAGES.items()}
SPANS = sorted({span.text for page in READ.values() for span in page.spans})


# Also behind `time`, or with variables of the environment.
BEFORE = r"(?:time |(?:eval \"\$\()?[A-Z_]+=\S+ )?"
MENTIONS = [text for text in SPANS if re.match(rf"{BEFORE}(?:{'|'.join(PROGRAMS)})(?: \S|\)\"$)", text)]
OPTIONS = [text for text in SPANS if text.startswith("--")]
PATHS = [text for text in SPANS if re.match(r"[\w.-]+/", text) and text.split("/")[0] in FOLDERS]
PYTHON = [text for text in SPANS if re.fullmatch(r"\w+\.py(: \w+)?", text)]
DOTTED = [text for text in SPANS if re.fullmatch(rf"(xnorflow|{'|'.join(OWN)})(\.\w+)+", text) and "/" not in text]
LINKS = sorted({(name, link.text) for name, page in READ.items() for link in page.links})


def test_the_pages_refer_to_something():
    assert min(map(len, (MENTIONS, OPTIONS, PATHS, PYTHON, DOTTED, LINKS))) > 0


@pytest.mark.parametrize("text", MENTIONS)
def test_commands_are_read_by_their_program(text):
    parse_mention(split(text.removeprefix("time ")))


@pytest.mark.parametrize("text", OPTIONS)
def test_options_are_those_of_a_command(text):
    words = tuple("1" if re.fullmatch("[A-Z]", word) else word for word in split(text))
    assert words[0] in FOREIGN or any(is_read(("xnorflow", *command, *words)) for command in ((), *zip(cli.commands)))


def is_read(words):
    """Whether a command takes these words."""
    with contextlib.suppress(PageError):
        parse_mention(words)
        return True
    return False


@pytest.mark.parametrize("text", PATHS)
def test_files_are_there_and_define_what_is_said(text):
    path, _, name = text.partition(": ")
    assert list(ROOT.glob(path)), path
    assert_defined(ROOT / path, name)


@pytest.mark.parametrize("text", PYTHON)
def test_python_files_without_a_folder_are_there(text):
    path, _, name = text.partition(": ")
    (found,) = {file for folder in FOLDERS for file in (ROOT / folder).rglob(path)}
    assert_defined(found, name)


def assert_defined(path, name):
    """A file defines a name, where one is said."""
    if name:
        assert re.search(rf"^(?:def |class )?{re.escape(name.partition('.')[0])}\b", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("text", DOTTED)
def test_dotted_names_can_be_imported(text):
    parts = text.split(".") if text.startswith("xnorflow") else ["xnorflow", *text.split(".")]
    module, rest = importlib.import_module(parts[0]), parts[1:]
    while rest:
        name = rest.pop(0)
        if not hasattr(module, name):
            module = importlib.import_module(f"{module.__name__}.{name}")
        else:
            module = getattr(module, name)


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_links_lead_somewhere(page, link):
    if link.startswith("https://"):
        return
    target, _, anchor = link.partition("#")
    path = (PAGES[page].parent / target).resolve() if target else PAGES[page]
    assert path.exists()
    if anchor:
        assert anchor in READ[path.relative_to(ROOT).as_posix()].anchors
