"""Nothing that comes from outside reaches the terminal as anything but plain characters, and all of it is shown."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from tests.importers.graphs import Chain
from tests.networks import random_network
from xnorflow.console import progress, table
from xnorflow.model.ir import Thermometer
from xnorflow.model.store import save
from xnorflow.printable import printable

ROOT = Path(__file__).parents[2]

NAMES = {
    "[/x]": "[/x]",
    "out[bold]b": "out[bold]b",
    "[link=file:x]y[/link]": "[link=file:x]y[/link]",
    ":bug:": ":bug:",
    "\x1b[31mred": r"\x1b[31mred",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "first\nsecond": r"first\nsecond",
    "hidden\rshown": r"hidden\rshown",
    "\u202egnp.exe": r"\u202egnp.exe",
    "zero\u200bwidth": r"zero\u200bwidth",
    "\x9b2J": r"\x9b2J",
    "tag\U000e0041": r"tag\U000e0041",
    "byte\udcff": r"byte\udcff",
    "tab\there": r"tab\there",
    "straße 中": "straße 中",
}
"""Names, and how they are shown."""

ALL = {"[/x]": "[/x]", "out[bold]b": "out[bold]b", "".join(NAMES): "".join(NAMES.values())}
"""For commands, which take a while: all in one name, and those that are most likely by themselves."""

outside = pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=map(ascii, NAMES))


@outside
def test_what_a_terminal_would_obey_is_escaped(name, shown):
    assert printable(name) == shown


def told(text, shown):
    """Whether the text shows it, in lines of any length, and holds nothing that a terminal would obey."""
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    return "".join(shown.split()) in "".join(text.split())


def saved(path, name, *, provenance=None, dataset=""):
    network = random_network((64, 8, 10))
    changed = {"name": name, "input": Thermometer((8, 8), (8,)), "dataset": dataset, "provenance": provenance or {}}
    save(dataclasses.replace(network, **changed), path)
    return path


@pytest.mark.parametrize(("name", "shown"), ALL.items(), ids=map(ascii, ALL))
def test_the_name_of_a_network(command, tmp_path, name, shown):
    # What is no Unicode can be in no model.
    name, shown = name.replace("\udcff", ""), shown.replace(r"\udcff", "")
    model = saved(tmp_path / "model", name, provenance={"weights": f"untrained{name}"})
    _, out, _ = command("estimate", model, "--board", "icebreaker")
    assert told(out, f"{shown} on icebreaker")
    _, out, err = command("verilog", model, "-o", tmp_path / "out")
    assert told(out, f"{tmp_path}/out/core.v: {shown}, a frame every")
    assert told(err, f"{shown}: untrained{shown}; only")
    _, out, err = command("eval", model, "--dataset", "digits", "--images", "9")
    assert told(out, f"{shown} on digits: ")
    assert told(err, f"{shown}: untrained{shown}; only")
    _, out, err = command("predict", model, "--dataset", "digits", "--images", "9")
    assert told(out, f"{shown} on digits, the golden model: ")
    assert told(err, f"{shown}: untrained{shown}; the classes mean nothing")
    for words in (["--dataset", "mnist"], ["--fps", "1"]):
        assert told(command("verilog", model, *words, "-o", tmp_path / "out")[2], "xnorflow: ")


@pytest.mark.parametrize(("name", "shown"), ALL.items(), ids=map(ascii, ALL))
def test_names_of_files_and_folders(command, tmp_path, name, shown):
    # A slash would make folders of it, and only so many bytes are allowed.
    name, shown = name.replace("/", "_"), shown.replace("/", "_")
    folder = tmp_path / name
    folder.mkdir()
    model, image, out_folder = folder / f"{name}.st", folder / f"{name}.npy", folder / "out" / name
    saved(model, "plain")
    np.save(image, np.zeros((8, 8), np.uint8))
    status, out, _ = command("predict", model, image)
    assert status == 0
    assert told(out, f"{tmp_path}/{shown}/{shown}.npy: ")
    status, out, _ = command("verilog", model, "-o", out_folder)
    assert status == 0
    assert told(out, f"{tmp_path}/{shown}/out/{shown}/core.v: plain, a frame every")
    (out_folder / "core.v").unlink()
    for words, message in (
        (["verify", out_folder], f"{tmp_path}/{shown}/out/{shown}/core.v: missing, though it was built; build again"),
        (["flash", folder], f"{tmp_path}/{shown}: not a finished build"),
        (["reweight", folder, model], f"{tmp_path}/{shown}: not a finished build"),
        (["eval", folder], f"{tmp_path}/{shown}: not a finished build"),
        (
            ["import", folder, "-o", image],
            f"{tmp_path}/{shown}: must be an ONNX file, not a folder; name the file in it",
        ),
        (["predict", model, folder], f"{tmp_path}/{shown}: is a folder"),
        (["estimate", model, "--board", name], "board must be one of"),
        (["train", name, "-o", image], "net must be one of"),
        (["verilog", model, "-o", model], f"{tmp_path}/{shown}/{shown}.st: must be a folder to write to"),
        ([name], "No such command"),
        (["estimate", model, f"--{name}"], "No such option"),
    ):
        status, out, err = command(*words)
        assert (status in (1, 2), out, err.count("\n")) == (True, "", 1)
        assert told(err, message)
    chain = Chain(1, 4).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", [[1, 1]] * 4)
    chain.save(tmp_path / "net.onnx")
    (tmp_path / "net.onnx").rename(folder / f"{name}.onnx")
    status, out, _ = command("import", folder / f"{name}.onnx", "-o", folder / f"{name}.new")
    assert status == 0
    assert told(out, f"{shown}: {tmp_path}/{shown}/{shown}.new")


def test_a_folder_with_markup_in_its_name_is_verified(command, tmp_path):
    model = saved(tmp_path / "model", "[/x]")
    for name in ("out[bold]b", "out[/x]"):
        folder = tmp_path / name
        assert command("verilog", model, "-o", folder)[0] == 0
        status, out, _ = command("verify", folder, "--images", "2", "--simulator", "icarus")
        assert (status, told(out, "rtl on icarus: 2 random images, 0 mismatches")) == (0, True)


@outside
def test_tables_and_progress(capsys, name, shown):
    table(name, ["", ""], [[name, None], [name, 3]])
    with progress() as report:
        report(f"download {name}", 0, 1)
    assert told(capsys.readouterr().err, f"download {shown} ...")


def test_nothing_else_writes_to_the_terminal():
    forbidden = re.compile(r"click\.s?echo\(|(?<![\w.])print\(|Console\(|std(out|err)\.write")
    writers = {path.name for path in (ROOT / "src" / "xnorflow").glob("*.py") if forbidden.search(path.read_text())}
    assert writers == {"console.py"}
