"""The command line as a user meets it: what it prints, what it writes, how it says no."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.networks import random_network
from xnorflow.boards.catalogue import BOARDS
from xnorflow.model import golden, zoo
from xnorflow.model.data.datasets import DATASETS, load
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.store import load as load_model
from xnorflow.model.store import save
from xnorflow.model.zoo import ZOO

NETS = ", ".join(ZOO)
MAKE_IT = "make it with xnorflow verilog, or with xnorflow build, which makes a bitstream too"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.safetensors"
    save(random_network((16, 8, 4)), path)
    return path


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["eval", "nix"], 1, f"MODEL must be a file or one of {NETS}, not 'nix'"),
        (
            ["eval", "digits", "--dataset", "nix"],
            2,
            f"Invalid value for '--dataset': dataset must be one of {', '.join(DATASETS)}, random, not 'nix'",
        ),
        (
            ["eval", "digits", "--dataset", "random"],
            1,
            "dataset must have labels, which random has not; name another with --dataset, or --data",
        ),
        (
            ["eval", "digits", "--images", "0"],
            2,
            "Invalid value for '--images': images must be 1 or more, or all, not '0'",
        ),
        (
            ["train", "nix", "-o", "x"],
            2,
            f"Invalid value for 'NET': net must be one of {NETS}, not 'nix'",
        ),
        (
            ["estimate", "tfc", "--board", "nix"],
            2,
            f"Invalid value for '--board': board must be one of {', '.join(BOARDS)}, not 'nix'",
        ),
        (["estimate", "tfc"], 2, f"--board must be one of {', '.join(BOARDS)}"),
        (
            ["estimate", "tfc", "--board", "icebreaker", "--fps", "0"],
            1,
            "--fps must be a number above 0, not 0",
        ),
        (
            ["verilog", "tfc", "--fps", "9", "-o", "x"],
            1,
            "--fps needs a board, whose clock it is counted in; give --board too",
        ),
        (["verilog", "tfc", "--folding", "no.json", "-o", "x"], 1, "no.json: no such folding file"),
        (["verify", "nowhere"], 1, f"nowhere: not a finished build, it has no build.json; {MAKE_IT}"),
        (
            ["estimate", "lfc", "--board", "icebreaker"],
            1,
            "lfc: does not fit UP5K at any folding; take a larger device",
        ),
        (
            ["verify", "x", "--simulator", "nix"],
            2,
            "Invalid value for '--simulator': 'nix' is not one of 'verilator', 'icarus'.",
        ),
        (["nix"], 2, "No such command 'nix'."),
    ],
)
def test_bad_usage_is_told_in_one_line(command, words, status, message):
    assert command(*words) == (status, "", f"xnorflow: {message}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("{}", "must have the entries dense0, scores1, one for each layer"),
        ('{"dense0": 3, "scores1": 4}', 'dense0 must be of the form {"pe": 1, "simd": 1}, not 3'),
        (
            '{"dense0": {"pe": 1, "simd": 1.5}, "scores1": 4}',
            'dense0 must be of the form {"pe": 1, "simd": 1}, not {"pe": 1, "simd": 1.5}',
        ),
        ("[" * 100_000, "not JSON, or nested too deeply"),
        (" " * (1 << 21), "must have at most 1048576 bytes, not 2097152"),
        (
            '{"dense0": ' + "[" * 900 + "]" * 900 + ', "scores1": 4}',
            'dense0 must be of the form {"pe": 1, "simd": 1}, not [[[[[[[...]]]]]]]',
        ),
    ],
)
def test_says_what_is_wrong_with_a_folding_file(command, model, tmp_path, text, message):
    path = tmp_path / "folding.json"
    path.write_text(text)
    assert command("verilog", model, "--folding", path, "-o", tmp_path / "out") == (
        1,
        "",
        f"xnorflow: {path}: {message}\n",
    )


def test_says_which_folding_is_out_of_range(command, model, tmp_path):
    path = tmp_path / "folding.json"
    path.write_text('{"dense0": {"pe": 9, "simd": 1}, "scores1": {"pe": 1, "simd": 1}}')
    expected = (1, "", "xnorflow: dense0: pe must be in 1..8, not 9\n")
    assert command("verilog", model, "--folding", path, "-o", tmp_path / "out") == expected


def test_says_when_the_output_folder_cannot_be_written(command, model, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    message = f"{file / 'out'}: must be a folder to write to, but {file} is none"
    expected = (2, "", f"xnorflow: Invalid value for '-o': {message}\n")
    assert command("verilog", model, "-o", file / "out") == expected


def test_a_cut_off_model_is_refused(command, model):
    model.write_bytes(model.read_bytes()[:-5])
    status, out, err = command("eval", model, "--dataset", "digits")
    assert (status, out) == (1, "")
    assert err.startswith(f"xnorflow: {model}: not a whole model file (")
    assert err.count("\n") == 1


def test_missing_extra_is_named(command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("xnorflow.") and name.endswith(("training", "train"))]:
        monkeypatch.delitem(sys.modules, name)
    status, _, err = command("train", "digits", "-o", tmp_path / "x")
    assert (status, err) == (1, "xnorflow: torch is not installed; pip install 'xnorflow[train]'\n")


def test_estimate_as_json(command):
    status, out, _ = command("estimate", "tfc", "--board", "ulx3s-25f", "--fps", "1000000", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["interval"] <= 75
    assert data["fps"] >= 1_000_000
    assert data["savings"] == {
        "weight_bytes": 7376,
        "int8_bytes": 59008,
        "float32_bytes": 236032,
        "multiplications_replaced": 59008,
        "arithmetic_nj": 0.369,
        "arithmetic_int8_nj": 17.702,
        "arithmetic_float32_nj": 271.437,
    }


@pytest.mark.parametrize("words", [["zoo"], ["boards"]])
def test_lists_are_json_on_request(command, words):
    _, out, _ = command(*words, "--json")
    names = [row["name"] for row in json.loads(out)]
    _, table, _ = command(*words)
    assert all(name in table for name in names)


def test_verilog_then_verify_on_random_images(command, model, tmp_path):
    folder = tmp_path / "out"
    assert command("verilog", model, "-o", folder)[0] == 0
    before = json.loads((folder / "build.json").read_text())
    assert before["verify"] == []
    status, out, err = command("verify", folder, "--images", "50", "--simulator", "icarus")
    assert (status, "rtl on icarus: 50 random images, 0 mismatches" in out) == (0, True), err
    after = json.loads((folder / "build.json").read_text())
    assert [(entry["level"], entry["images"], entry["dataset"]) for entry in after["verify"]] == [("rtl", 50, "random")]
    assert after["cycles"]["interval_measured"] == after["cycles"]["interval_expected"]


def test_untrained_weights_are_pointed_out(command, tmp_path):
    path = tmp_path / "digits.safetensors"
    save(zoo.random_network("digits"), path)
    status, _, err = command("verilog", path, "-o", tmp_path / "out")
    assert status == 0
    assert err.endswith("digits: untrained random weights, seed 0; only the hardware's figures mean anything\n")


def test_the_zoo_tells_what_ships_and_how_good_it_is(command):
    rows = {row["name"]: row for row in json.loads(command("zoo", "--json")[1])}
    assert list(rows) == list(ZOO)
    assert rows["digits"]["accuracy"] == {"correct": 351, "images": 360}
    assert rows["digits"]["command"] == (
        "xnorflow train digits --seed 0 --validation 0.1 --threads 1 -o digits.safetensors"
    )
    cnv = "xnorflow train cnv --seed 0 --validation 0.05 --threads 1"
    assert rows["cnv"]["command"] == (
        f"{cnv} -o first-cnv.safetensors && {cnv} --start first-cnv.safetensors -o cnv.safetensors"
    )
    assert (rows["bnn-mnist"]["accuracy"], rows["bnn-mnist"]["command"]) == (None, None)
    assert all(row["board"] in (*BOARDS, "") for row in rows.values())
    _, table, _ = command("zoo")
    assert "97.50%" in table
    assert "not trained" in table


def test_further_training_has_a_recipe_of_its_own(command, tmp_path, monkeypatch):
    digits = ZOO["digits"]
    further = dataclasses.replace(digits.recipe, epochs=1, rate=0.001)
    monkeypatch.setitem(ZOO, "digits", dataclasses.replace(digits, further=further))
    path = tmp_path / "digits.safetensors"
    status, _, err = command("train", "digits", "--start", "digits", "--batch", "500", "--no-test", "-o", path)
    assert status == 0, err
    settings = json.loads(path.with_suffix(".json").read_text())
    assert (settings["epochs"], settings["rate"], settings["batch"]) == (1, 0.001, 500)
    assert load_model(path).labels == tuple("0123456789")
    assert len(settings["start"]) == 64


def test_a_network_of_the_zoo_is_verified_without_torch_and_without_its_data_set(command, tmp_path, monkeypatch):
    for module in ("sklearn.datasets", "torch"):
        monkeypatch.setitem(sys.modules, module, None)
    assert command("verilog", "digits", "-o", tmp_path / "out")[0] == 0
    status, out, err = command("verify", tmp_path / "out", "--images", "3", "--simulator", "icarus")
    assert (status, "rtl on icarus: 3 random images, 0 mismatches" in out) == (0, True), err
    assert (
        "xnorflow: digits comes with scikit-learn; install it with: pip install 'xnorflow[train]'; "
        "random images are used instead\n"
    ) in err
    status, _, err = command("verify", tmp_path / "out", "--dataset", "digits")
    assert (status, err.splitlines()[-1]) == (
        1,
        "xnorflow: digits comes with scikit-learn; install it with: pip install 'xnorflow[train]'",
    )


def test_a_failed_build_leaves_no_build_json(command, model, tmp_path):
    folder = tmp_path / "out"
    assert command("verilog", model, "-o", folder)[0] == 0
    assert (folder / "build.json").is_file()
    # An unreadable place for the network makes the next run fail half-way.
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    assert command("verilog", model, "-o", folder)[0] == 1
    assert not (folder / "build.json").exists()


@pytest.mark.parametrize(
    "words", [["train", "digits", "-o", "net.safetensors"], ["build", "digits", "--board", "icebreaker", "-o", "out"]]
)
def test_an_interrupt_leaves_nothing_that_looks_whole(words, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "xnorflow.cli", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert process.stderr is not None
    line = ""
    while "train" not in line and "compile" not in line:
        line = process.stderr.readline()
        assert line, "it ended before it could be interrupted"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "xnorflow: interrupted"
    made = {path.name for path in Path(tmp_path).rglob("*")}
    assert not made & {"net.safetensors", "build.json"}


@pytest.mark.usefixtures("sampled")
def test_eval_takes_colour_images(command):
    status, out, _ = command("eval", "cnv", "--dataset", "cifar-10", "--images", "20", "--json")
    result = json.loads(out)
    assert (status, result["dataset"], result["images"]) == (0, "cifar-10", 20)


def test_eval_says_how_many_are_right(command, tmp_path):
    path = tmp_path / "model.safetensors"
    network = random_network((64, 4, 10))
    network = Network(network.name, Thermometer((8, 8), (8,)), network.layers, "digits")
    save(network, path)
    status, out, _ = command("eval", path, "--images", "100", "--json")
    data = json.loads(out)
    assert status == 0
    assert (data["images"], data["dataset"]) == (100, "digits")
    digits = load("digits")
    right = golden.predict(network, digits.test_images[:100]) == digits.test_labels[:100]
    assert data["correct"] == right.sum()
