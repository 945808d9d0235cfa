"""build.json is data from anybody: whatever is wrong in it is told in one line, before any work."""

import contextlib
import copy
import json
import re
import shutil

import pytest

from tests.networks import random_network
from xnorflow import design
from xnorflow.boards.catalogue import find_board
from xnorflow.build import write_verilog
from xnorflow.design import Design, open_design
from xnorflow.hw.folding import Folding
from xnorflow.integrity import hash_design
from xnorflow.model.store import ModelError, save

DESIGN = Design(random_network((16, 8, 4)), (Folding(1, 4), Folding(1, 4)), find_board("icebreaker"))

# What `verify` and `build` write besides.
ENTRY = {
    "dataset": "random",
    "level": "rtl",
    "simulator": "icarus",
    "images": 5,
    "mismatches": 0,
    "stalls": True,
    "seconds": 0.5,
}

NOTHING = object()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    write_verilog(DESIGN, folder, on_progress=lambda _text, _done, _total: None)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / "out")
    save(DESIGN.network, tmp_path / "model")
    return tmp_path / "out"


def changed(build, path, value):
    """A build with something else, or nothing, at a path."""
    build = copy.deepcopy(build)
    inner = build
    for step in path[:-1]:
        inner = inner[step]
    if value is NOTHING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return build


def write(folder, build):
    """With hashes that fit, as one who means harm would."""
    (folder / "build.json").write_text(json.dumps(build))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["verify"], NOTHING, "lacks verify"),
        (["cycles"], NOTHING, "lacks cycles"),
        (["files", "verilog"], NOTHING, "lacks files.verilog"),
        (["files", "model"], NOTHING, "lacks files.model"),
        (["target", "board"], NOTHING, "lacks target.board"),
        (["network", "layers", 0, "simd"], NOTHING, "lacks network.layers[0].simd"),
        (["design_hash"], NOTHING, "lacks design_hash"),
        (["verify"], 3, "verify must be a list, not 3"),
        (["verify"], None, "verify must be a list, not null"),
        (["verify"], [3], "verify[0] must be an object, not 3"),
        (["verify"], [{}], "lacks verify[0].dataset"),
        (["verify"], [ENTRY, {**ENTRY, "level": 3}], "verify[1].level must be a string, not 3"),
        (["verify"], [{**ENTRY, "mismatches": 1}], "verify[0].mismatches must be 0, not 1"),
        (["verify"], [{**ENTRY, "images": 5.0}], "verify[0].images must be an integer, not 5.0"),
        (["verify"], [{**ENTRY, "more": 1}], 'must not have "verify[0].more"'),
        (["cycles"], [], "cycles must be an object, not []"),
        (
            ["cycles"],
            {"interval_expected": "x" * 99},
            f'cycles.interval_expected must be an integer, not "{"x" * 36}...',
        ),
        (["files"], [["core.v"]], 'files must be an object, not [["core.v"]]'),
        (["files", "verilog"], None, "files.verilog must be a string, not null"),
        (["hashes"], {"core.v": "../.."}, 'hashes.core.v must be a SHA-256 in hexadecimal, not "../.."'),
        (["scores"], 1, "scores must be true or false, not 1"),
        (["target"], 1, "target must be an object or null, not 1"),
        (["target", "clock_mhz"], "36", 'target.clock_mhz must be a number, not "36"'),
        (["network", "layers", 0, "pe"], 0, "network.layers[0].pe must be 1 or more, not 0"),
        (["network", "layers", 0, "pe"], True, "network.layers[0].pe must be an integer, not true"),
        (
            ["network", "layers", 1, "kind"],
            "X",
            'network.layers[1].kind must be one of Dense, Conv2d, MaxPool, SumPool, Threshold, Add, Scores, not "X"',
        ),
        (["seconds"], {"verilog": "\x1b"}, r'seconds.verilog must be a number, not "\u001b"'),
        (["files", "bitstream"], "top.bin", "lacks resources"),
        (["more"], 1, 'must not have "more"'),
        (["schema"], NOTHING, "schema none, expected 6; build again with this xnorflow"),
        (["schema"], 5, "schema 5, expected 6; build again with this xnorflow"),
        (["schema"], [[]], "schema [[]], expected 6; build again with this xnorflow"),
        (["schema"], True, "schema true, expected 6; build again with this xnorflow"),
        (["xnorflow"], {}, "made by xnorflow {}, expected 0.1.0; build again, or use that version"),
    ],
)
def test_what_is_wrong_is_named(command, monkeypatch, folder, path, value, message):
    write(folder, changed(json.loads((folder / "build.json").read_text()), path, value))
    line = f"{folder}/build.json: {message}" + ("" if "xnorflow" in message else "; build again")
    with pytest.raises(ModelError, match=rf"^{re.escape(line)}$"):
        open_design(folder)
    # Nothing is simulated, synthesized or sent before.
    for name in ("commands.verify.verify_level", "commands.verify.load_images_or_random", "reweight.refill"):
        monkeypatch.setattr(f"xnorflow.{name}", None)
    for words in (
        ["verify", folder],
        ["flash", folder],
        ["predict", folder],
        ["reweight", folder, folder.parent / "model"],
    ):
        assert command(*words) == (1, "", f"xnorflow: {line}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not a whole build.json (JSONDecodeError: Expecting value: line 1 column 1 (char 0))"),
        (b"\xff\xfe\xfd", "not a whole build.json (UnicodeDecodeError: "),
        (b"[" * 200_000, "not a whole build.json (RecursionError: "),
        (b'{"schema": ' + b"9" * 5000 + b"}", "not a whole build.json (ValueError: Exceeds the limit (4300"),
        (b"[]", "must be an object, not []"),
        (b"3", "must be an object, not 3"),
        (b" " * (1 << 24) + b"{}", "must have at most 16,777,216 bytes, not 16,777,218"),
    ],
)
def test_what_is_no_build_json_is_told(folder, text, message):
    (folder / "build.json").write_bytes(text)
    with pytest.raises(ModelError) as found:
        open_design(folder)
    assert str(found.value).startswith(f"{folder}/build.json: {message}")
    assert str(found.value).endswith("; build again")


def test_every_field_is_checked(folder, monkeypatch):
    """Each value of another kind, one after the other, and each one left out, gives one line and no other error."""
    build = json.loads((folder / "build.json").read_text())
    build["verify"] = [ENTRY]
    # Not read again for each of them.
    monkeypatch.setattr(design, "load", lambda _path: DESIGN.network)
    monkeypatch.setattr(design, "check_files", lambda _folder, _hashes: None)
    accepted = set()
    for path, right in paths(build):
        for value in (None, [3], {"x": 3}, "\x00", -1, 2.5, True):
            if type(value) is type(right):
                continue
            wrong = changed(build, path, value)
            if path != ("design_hash",):
                wrong["design_hash"] = hash_design(wrong)
            write(folder, wrong)
            with contextlib.suppress(ModelError):
                open_design(folder)
                accepted.add(f"{'.'.join(map(str, path))} = {value}")
    # A build for no board; numbers that need not be whole, and those that may be.
    assert accepted == {"target = None", "target.clock_mhz = -1", "seconds.verilog = -1", "verify.0.seconds = -1"}


def paths(value, path=()):
    """The values within a value, and where each is."""
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))
