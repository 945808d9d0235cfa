"""The files of ``xnorflow verilog``, and what ``build.json`` says of them."""

import json
import sys

import pytest

from tests.face.builds import verified
from tests.networks import random_network
from xnorflow.cli import main
from xnorflow.model.store import save
from xnorflow.workplace import LOCK_FILE

NAMES = [f"{layer}.product.group0.{kind}" for layer in ("dense0", "scores1") for kind in ("levels", "weights")]


@pytest.fixture
def write(tmp_path, monkeypatch):
    save(random_network((16, 8, 4)), tmp_path / "model.safetensors")
    path = tmp_path / "folding.json"
    path.write_text(json.dumps({name: {"pe": 1, "simd": 4} for name in ("dense0", "scores1")}))

    def write(*options):
        words = ["verilog", str(tmp_path / "model.safetensors"), "--folding", str(path), *options]
        monkeypatch.setattr(sys, "argv", ["xnorflow", *words, "-o", str(tmp_path / "out")])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 0
        return tmp_path / "out"

    return write


def files_of(folder):
    """Of the files of a build."""
    return {path.name for path in folder.iterdir()} - {LOCK_FILE}


def test_one_file_or_one_for_each_memory(write):
    folder = write()
    memories = {f"memory {name}": f"core.{name}.mem" for name in NAMES}
    files = {"verilog": "core.v", **memories, "model": "model.safetensors"}
    built = json.loads((folder / "build.json").read_text())
    assert {name: file for name, file in built["files"].items() if "replay" not in name} == files
    assert set(built["hashes"]) == set(built["files"].values())
    assert files_of(folder) == {*built["files"].values(), "build.json"}
    # In the same folder: nothing of the first is left.
    folder = write("--inline")
    built = json.loads((folder / "build.json").read_text())
    assert built["files"] == {"verilog": "core.v", "model": "model.safetensors"}
    assert files_of(folder) == {"core.v", "model.safetensors", "build.json"}
    assert verified(folder, "rtl").mismatches == 0


def test_it_tells_what_it_does_while_it_works(write, capsys):
    """A line where nobody sees a bar move."""
    write()
    assert capsys.readouterr().err == "write Verilog ...\n"
