"""The structure of the house: which way imports run, that every package ships, that docs/layout.md is true."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ROOMS = {
    "model": {"model", "model.kinds"},
    "model.kinds": {"model"},
    "model.data": {"model"},
    "model.exact": {"model"},
    "model.training": {"model", "model.kinds", "model.data", "model.exact"},
    "model.qonnx": {"model", "model.exact"},
    "hw": {"model", "model.kinds"},
    "sim": {"model", "model.kinds", "hw"},
    "boards": {"model", "hw", "boards.families", "boards.link"},
    "boards.families": {"model", "hw", "boards"},
    "boards.link": {"model", "hw", "boards", "boards.families"},
    "": {
        *("model", "model.data", "model.training", "model.qonnx", "hw", "sim"),
        *("boards", "boards.families", "boards.link", "commands"),
    },
    "commands": {"", "model", "model.data", "boards", "boards.link"},
}
"""Which other folders the files of each folder may import from; ``""`` is ``src/xnorflow``."""

FOREIGN = {
    "torch": {"model.training"},
    "matplotlib": {"model.training"},
    "numba": {"model"},
    "onnx": {"model.qonnx"},
    "google": {"model.qonnx"},
    "amaranth": {"hw", "boards", "boards.families", "boards.link"},
    "cocotb": {"sim"},
    "serial": {"boards.link"},
}
"""Which folders know a library that not everybody installs, or that must not be everywhere."""

ABOVE_FAMILIES = {"block_registers", "carry_chains", "roms", "tools"}
"""Files of ``boards`` that the records of families stand on."""


def folder_of(path):
    relative = path.parent.relative_to(ROOT).as_posix()
    return relative.removeprefix("src/xnorflow").strip("/").replace("/", ".")


def source_files():
    return sorted(
        path for top in ("src/xnorflow", "model", "hw", "sim", "boards") for path in (ROOT / top).rglob("*.py")
    )


def imports(path):
    """Folder, dotted, of each module of the house that a file imports; and the names of all other modules."""
    own = folder_of(path).split(".") if folder_of(path) else []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (("foreign", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield "foreign", node.module
        elif isinstance(node, ast.ImportFrom):
            base = own[: len(own) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                *folder, module = [*base, *name.split(".")]
                whole = ".".join([*folder, module])
                # A whole folder can be named, too.
                yield "house", (whole if (folder_path(whole)).is_dir() else ".".join(folder)), module


def folder_path(folder):
    top = folder.split(".")[0]
    return ROOT / (folder.replace(".", "/") if top in ROOMS else f"src/xnorflow/{folder.replace('.', '/')}")


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_keep_to_the_walls(path):
    own = folder_of(path)
    for kind, name, *_ in imports(path):
        if kind == "house":
            assert name == own or name in ROOMS.get(own, ROOMS[""]), f"imports from {name or 'src/xnorflow'}"
        else:
            library = name.partition(".")[0]
            assert library != "xnorflow", f"imports {name}: use a relative import"
            assert own in FOREIGN.get(library, {own}), f"imports {library}"


def test_families_stand_on_few_files_of_boards():
    for path in (ROOT / "boards/families").glob("*.py"):
        used = {
            module for kind, name, *rest in imports(path) if kind == "house" and name == "boards" for module in rest
        }
        assert used <= ABOVE_FAMILIES, path.name


def test_only_the_command_line_imports_commands():
    for path in source_files():
        if folder_of(path) != "commands" and path.name not in ("cli.py", "__main__.py"):
            assert not any(kind == "house" and name == "commands" for kind, name, *_ in imports(path)), path.name


def test_every_package_ships():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent for path in source_files()}
    assert {ROOT / folder for folder in setuptools["package-dir"].values()} == folders
    assert set(setuptools["packages"]) == set(setuptools["package-dir"])


def test_files_hold_one_idea():
    long = {path.name: lines for path in source_files() if (lines := len(path.read_text().splitlines())) > 350}
    assert not long


def test_the_layout_names_files_that_exist():
    page = (ROOT / "docs/layout.md").read_text()
    named = re.findall(r"`((?:model|hw|sim|boards|src|tests|docs|bench|examples)(?:/[\w.-]+)+)`", page)
    assert len(named) > 60
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_the_layout_has_every_folder():
    page = (ROOT / "docs/layout.md").read_text()
    for folder in {path.parent.relative_to(ROOT).as_posix() for path in source_files()}:
        assert f"| `{folder}` |" in page, folder
