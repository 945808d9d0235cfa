"""What runs the pages sees what is wrong with one: each fault is told, and what is right passes."""

import re

import pytest

from tests.docs.commands import check_output, commands
from tests.docs.pages import Block, PageError, read
from tests.docs.parsing import parse, parse_mention
from tests.docs.workshop import Workshop
from xnorflow.model.store import load


def no_build():
    raise AssertionError("this page has no build")


@pytest.fixture
def workshop(tmp_path, data):
    return Workshop(tmp_path, build=no_build, data=data)


def run(workshop, text):
    """Run the blocks of a page."""
    for block in read(text).blocks:
        workshop.run(block)


def fenced(language, *lines):
    return "\n".join((f"```{language}", *lines, "```", ""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (fenced("bash", "ls"), "the language of a block must be one of python, console, sh, json, text, not 'bash'"),
        (fenced("", "ls"), "the language of a block must be one of python, console, sh, json, text, not ''"),
        (fenced("text", "and then", "    xnorflow zoo --json"), "a block of text must hold no command"),
        (fenced("text", "$ make demo"), "a block of text must hold no command"),
        (fenced("text", "`pip install x`"), "a block of text must hold no command"),
        (fenced("python", "raise SystemExit(3)"), "the block: exit code 3"),
        (fenced("python", "import nix"), "the block: exit code 1"),
        ("<!-- test check: assert x == 2 -->\n" + fenced("python", "x = 1"), "the block: exit code 1"),
        (fenced("json", "{1}"), "is no JSON: "),
        (fenced("console", "xnorflow --version"), "line 2: a block of console must begin with a command behind '$ '"),
        (fenced("console", "$ xnorflow --version", "nix"), "the page shows:\nnix\nthe command prints:\nxnorflow, ver"),
        (fenced("console", "$ xnorflow nix"), "line 2: exit code 2"),
        (fenced("console", "$ xnorflow --version", "...", "$ xnorflow eval nix"), "line 4: exit code 1"),
        (fenced("sh", "xnorflow zoo | less"), "a command must do without a shell's signs: xnorflow zoo | less"),
        (fenced("sh", "xnorflow zoo > zoo.txt"), "a command must do without a shell's signs: xnorflow zoo > zoo.txt"),
        (fenced("sh", "make demo"), "line 2: make is never run here; mark it with 'test parse'"),
        ("    rm -r x\n", "line 1: rm is never run here; mark it with 'test parse'"),
        ("    python -m bench\n", "line 1: python is never run here; mark it with 'test parse'"),
        ("    python\n", "line 1: python is never run here; mark it with 'test parse'"),
        ("<!-- test parse `make`: x -->\n" + fenced("sh", "xnorflow zoo"), "a comment 'parse' is for 'make', which no"),
        ("<!-- test parse: x -->\n" + fenced("text", "x"), "a comment 'parse' has no meaning before a block of text"),
        ("<!-- test parse: x -->\n\n    xnorflow nix\n", "xnorflow has no command 'nix'"),
        ("<!-- test board `nix`: x -->\n" + fenced("python", "1"), "a block with a simulated board must speak to"),
        ("<!-- test parse -->\n" + fenced("sh", "x"), "line 1: a test comment must be as tests/docs/__init__.py has"),
        (
            "<!-- tests skip: x -->\n" + fenced("sh", "x"),
            "line 1: a test comment must be as tests/docs/__init__.py has",
        ),
        ("<!-- test parse: -->\n" + fenced("sh", "x"), "line 1: parse must give its reason, or code, behind the colon"),
        ("<!-- test add: x -->\n" + fenced("sh", "x"), "line 1: add takes 1 to 2 `spans`, not 0"),
        ("<!-- test parse: x -->\n\nText.\n", "line 3: a test comment must stand in front of a block of code"),
        ("<!-- test parse: x -->\n", "the last test comment must stand in front of a block of code"),
    ],
)
def test_a_fault_of_a_page_is_told(workshop, text, message):
    with pytest.raises(PageError, match=rf"^{re.escape(message)}"):
        run(workshop, text)


def test_a_page_without_faults_runs_in_one_folder_in_its_order(workshop):
    run(
        workshop,
        "\n".join(
            (
                "<!-- test setup:",
                "from tests.networks import random_network",
                "from xnorflow.model.store import save",
                'save(random_network((8, 4)), "small.safetensors")',
                "-->",
                "<!-- test add `--dataset random` to `xnorflow predict`: it has none -->",
                "<!-- test parse `xnorflow build`: long -->",
                fenced(
                    "console",
                    "$ xnorflow predict small.safetensors \\",
                    "    --json 3  # a comment",
                    '{"port": null, "classes": {"3": ...}, "correct": null, ...}',
                    "$ xnorflow build small.safetensors --board icebreaker -o out",
                    "$ python -m xnorflow --version",
                    "xnorflow, version ...",
                ),
                "<!-- test setup: number = 8 -->",
                "<!-- test check: assert network.input.shape == (number,) -->",
                fenced(
                    "python", "from xnorflow.model import store", 'network = store.load("small.safetensors")', "number"
                ),
                "<!-- test parse: long -->",
                "",
                "    xnorflow verify out --level pins\n",
            )
        ),
    )
    assert load(workshop.folder / "small.safetensors").input.shape == (8,)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a", "  \na  \n\n", True),
        ("a", "a\nb", False),
        ("a\nb", "a", False),
        ("took ... s", "took 1.5 s", True),
        ("took ... s", "took 1.5\nor 2 s", False),
        ("took 1... s", "took 2 s", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...", "b", False),
        ("1.5", "125", False),
    ],
)
def test_output_is_compared(shown, printed, same):
    if same:
        check_output(tuple(shown.splitlines()), printed)
    else:
        with pytest.raises(PageError):
            check_output(tuple(shown.splitlines()), printed)


@pytest.mark.parametrize(("printed", "same"), [("2 of 1,024 (0.20 %)", True), ("2 of 1,024", False), ("a of 1", False)])
def test_figures_may_differ_where_the_page_says_so(printed, same):
    if same:
        check_output(("347 of 359 (96.66 %)",), printed, figures=False)
    else:
        with pytest.raises(PageError):
            check_output(("347 of 359 (96.66 %)",), printed, figures=False)


@pytest.mark.parametrize(
    "text",
    [
        "xnorflow",
        "xnorflow --help",
        "xnorflow build digits --board icebreaker -o new",
        "xnorflow verify made --level netlist",
        "xnorflow predict digits 17 there.png",
        "python -m xnorflow zoo",
        "make demo",
        "pip install 'xnorflow[all]'",
        "python -m pip install -c constraints.txt -e '.[dev]'",
        "python -m bench --only tfc",
        "python examples/train_cnn.py",
        "pytest tests/docs/test_pages.py -k README",
        ".venv/bin/python -m pytest -m slow",
        'eval "$(_XNORFLOW_COMPLETE=bash_source xnorflow)"',
    ],
)
def test_what_is_right_is_parsed(text, tmp_path):
    (tmp_path / "there.png").touch()
    (command,) = commands(Block(1, "sh", text))
    parse(command.words, folder=tmp_path, made={"made"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xnorflow build digits --board nix -o x", "Invalid value for '--board': board must be one of "),
        ("xnorflow build digits --board icebreaker", "Missing option '-o'."),
        ("xnorflow verify made --level nix", "Invalid value for '--level': 'nix' is not one of "),
        ("xnorflow zoo --nix", "No such option"),
        ("xnorflow zoo nix", "Got unexpected extra argument (nix)"),
        ("xnorflow eval nix", "nix must be a file, or made by a command before"),
        ("xnorflow predict digits nix.png", "nix.png must be a file, or made by a command before"),
        ("xnorflow train digits --start nix -o x", "nix must be a file, or made by a command before"),
        (
            "xnorflow estimate digits --board icebreaker --folding nix",
            "nix must be a file, or made by a command before",
        ),
    ],
)
def test_what_the_parser_refuses_is_told(text, message, tmp_path):
    with pytest.raises(PageError, match=rf"^{re.escape(f'{text}: {message}')}"):
        parse(tuple(text.split()), folder=tmp_path, made={"made"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("make nix", "make nix: make: "),
        ("pip install xnorflow[nix]", "pip install xnorflow[nix]: the project's extras are "),
        ("pip install nix", "pip install nix: the project does not depend on it"),
        ("pip install -c nix", "pip install -c must be followed by a file or an address, not 'nix'"),
        ("pip install --nix", "pip install --nix: "),
        ("python -m bench --nix", "python -m bench.__main__ --nix: "),
        ("python -m bench.nix", "python -m bench.nix : "),
        ("python examples/nix.py", "python must run a file that is there, or a module of bench: examples/nix.py"),
        ("python -m nix", "python must run a file that is there, or a module of bench: -m nix"),
        ("pytest tests/nix.py", "pytest tests/nix.py: "),
        ("pytest --nix", "pytest --nix: "),
        ("pytest tests/docs/test_pages.py -k nix", "pytest tests/docs/test_pages.py -k nix: "),
        ("rm x", "no test knows how to read this: rm x"),
    ],
)
def test_what_other_programs_refuse_is_told(text, message, tmp_path):
    with pytest.raises(PageError, match=rf"^{re.escape(message)}"):
        parse(tuple(text.split()), folder=tmp_path, made=set())


@pytest.mark.parametrize(
    "text",
    [
        "xnorflow",
        "xnorflow --debug",
        "xnorflow verify",
        "xnorflow build --baud",
        "xnorflow build NAME --board B",
        "xnorflow eval mine.x",
    ],
)
def test_a_mention_may_leave_out_arguments(text):
    parse_mention(tuple(text.split()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xnorflow nix", "xnorflow has no command 'nix'"),
        ("xnorflow build --nix", "xnorflow build --nix: No such option"),
        ("xnorflow build nix", "xnorflow build nix: nix must be a network of the zoo"),
        (
            "xnorflow build NAME --board nix",
            "xnorflow build NAME --board nix: Invalid value for '--board': board must be one of ",
        ),
        ("xnorflow zoo nix", "xnorflow zoo nix: no argument takes 'nix'"),
        (
            "xnorflow verify --level nix",
            "xnorflow verify --level nix: Invalid value for '--level': 'nix' is not one of ",
        ),
        ("pytest tests/nix", "pytest tests/nix: "),
    ],
)
def test_a_mention_must_be_of_what_there_is(text, message):
    with pytest.raises(PageError, match=rf"^{re.escape(message)}"):
        parse_mention(tuple(text.split()))
