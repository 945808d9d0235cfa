"""The structure of the house: which way imports run, and that every package ships."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"": "src/xnorflow", "model": "model", "hw": "hw", "sim": "sim", "boards": "boards"}

# What each layer may import of the others; the face may import all.
BELOW = {"model": set(), "hw": {"model"}, "sim": {"hw", "model"}, "boards": {"hw", "model"}}

# The numeric half of the model, which everybody uses, and which must not pull torch in.
NUMERIC = {
    "arrays",
    "bits",
    "bounded",
    "cifar",
    "class_names",
    "datasets",
    "expected",
    "golden",
    "idx",
    "inputs",
    "ir",
    "kinds",
    "limits",
    "matlab",
    "npy",
    "numbers",
    "own_data",
    "paths",
    "plans",
    "recipe",
    "records",
    "sources",
    "store",
    "svhn",
    "tensors",
    "thresholds",
    "trained",
    "witness",
    "zoo",
}


def modules(package):
    return sorted((ROOT / PACKAGES[package]).glob("*.py"))


def imports(path):
    """Names of the modules that a file imports, relative ones with their dots."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield base
            yield from (f"{base}{alias.name}" for alias in node.names if node.level and not node.module)


def imports_of(package):
    return [(path, name) for path in modules(package) for name in imports(path)]


@pytest.mark.parametrize("package", BELOW)
def test_imports_run_downwards(package):
    for path, name in imports_of(package):
        above = re.match(r"\.\.(\w+)", name)
        assert above is None or above[1] in BELOW[package], f"{path.name} imports {name}"
        assert not name.startswith("xnorflow"), f"{path.name} imports {name}: use a relative import"


@pytest.mark.parametrize("package", ["hw", "sim", "boards"])
def test_hardware_uses_only_the_numeric_half_of_the_model(package):
    for path, name in imports_of(package):
        used = re.match(r"\.\.model\.(\w+)", name)
        assert used is None or used[1] in NUMERIC, f"{path.name} imports {name}"


def test_numeric_half_imports_no_torch():
    for path, name in imports_of("model"):
        if path.stem in NUMERIC:
            assert name.partition(".")[0] not in {"torch", "amaranth", "matplotlib"}, f"{path.name} imports {name}"
            local = re.match(r"\.(\w+)", name)
            assert local is None or local[1] in NUMERIC, f"{path.name} imports {name}"


def test_importer_needs_no_training():
    for path, name in imports_of("model"):
        if path.stem.startswith("qonnx"):
            assert name.partition(".")[0] not in {"torch", "amaranth", "matplotlib"}, f"{path.name} imports {name}"
            local = re.match(r"\.(\w+)", name)
            assert local is None or local[1] in NUMERIC or local[1].startswith("qonnx"), f"{path.name} imports {name}"


def test_every_package_ships():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {
        path.parent for top in ("src/xnorflow", "model", "hw", "sim", "boards") for path in (ROOT / top).rglob("*.py")
    }
    assert {ROOT / folder for folder in setuptools["package-dir"].values()} == folders
    assert set(setuptools["packages"]) == set(setuptools["package-dir"])


def test_files_hold_one_idea():
    long = {
        path.name: lines
        for package in PACKAGES
        for path in modules(package)
        if (lines := len(path.read_text().splitlines())) > 350
    }
    assert not long
