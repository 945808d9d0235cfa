"""A build folder that is not as it was built is told in one line."""

import json
import re

import pytest

from tests.networks import random_network
from xnorflow import __version__
from xnorflow.build import write_verilog
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.model.store import ModelError

TARGET = {
    "board": "icesugar",
    "device": "UP5K",
    "family": "ice40",
    "package": "sg48",
    "clock_mhz": 36.0,
    "baud": 115200,
}
DESIGN = Design(random_network((16, 8, 4)), (Folding(1, 4), Folding(1, 4)))
MEMORY = "core.dense0.product.group0.weights.mem"


@pytest.fixture
def folder(tmp_path):
    write_verilog(DESIGN, tmp_path, on_progress=lambda _text, _done, _total: None)
    return tmp_path


def change(folder, **fields):
    path = folder / "build.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_every_file_has_its_hash(folder):
    _, result = open_design(folder)
    made = {path.name for path in folder.iterdir()} - {"build.json"}
    assert set(result["hashes"]) == set(result["files"].values()) == made
    assert {"core.v", "model.safetensors", MEMORY} < made


@pytest.mark.parametrize("name", ["core.v", "model.safetensors", MEMORY])
def test_an_edited_file_is_named(name, folder):
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    message = (
        r"was changed after it was built \(SHA-256 [0-9a-f]{8}, expected [0-9a-f]{8}\); "
        r"put the built file back, or build again"
    )
    with pytest.raises(ModelError, match=rf"^{re.escape(str(path))}: {message}$"):
        open_design(folder)


def test_a_missing_file_is_named(folder):
    (folder / "core.v").unlink()
    with pytest.raises(ModelError, match=rf"^{folder}/core.v: missing, though it was built; build again$"):
        open_design(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 1}, "schema 1, expected 6; build again with this xnorflow"),
        (
            {"xnorflow": "0.0.9"},
            f"made by xnorflow 0.0.9, expected {__version__}; build again, or use that version",
        ),
        (
            {"hashes": {"model.safetensors": "0" * 64}},
            f"has no hash of {MEMORY.replace('weights', 'levels')}; build again",
        ),
        ({"scores": True}, "what it says of the design was changed after it was built; build again"),
        ({"target": TARGET}, "what it says of the design was changed after it was built; build again"),
        ({"files": []}, "files must be an object, not []; build again"),
        ({"hashes": None}, "hashes must be an object, not null; build again"),
    ],
)
def test_another_versions_build_is_refused(fields, message, folder):
    change(folder, **fields)
    with pytest.raises(ModelError, match=rf"^{re.escape(f'{folder}/build.json: {message}')}$"):
        open_design(folder)


def test_a_build_names_no_files_elsewhere(folder):
    _, result = open_design(folder)
    change(folder, hashes=result["hashes"] | {"../elsewhere": "0" * 64})
    message = rf"^{folder}/\.\./elsewhere: not within the build folder; build again$"
    with pytest.raises(ModelError, match=message):
        open_design(folder)
