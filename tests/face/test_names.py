"""Names on the command line: what a shell completes, what was perhaps meant, what a folder must not hide."""

import os
import shutil
import subprocess
import sys

import click
import pytest

from tests.face.builds import quiet
from tests.networks import random_network
from xnorflow.boards.catalogue import BOARDS
from xnorflow.build import write_verilog
from xnorflow.cli import cli
from xnorflow.commands.options import SIMULATORS
from xnorflow.design import Design
from xnorflow.hw.folding import Folding
from xnorflow.model.data.datasets import DATASETS
from xnorflow.model.zoo import ZOO
from xnorflow.verification import LEVELS

NETS = ", ".join(ZOO)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("build tfc --board ice", ["icebreaker", "icebreaker-bitsy", "icesugar"]),
        ("estimate tfc --board ", list(BOARDS)),
        ("estimate t", ["tfc"]),
        ("build ", list(ZOO)),
        ("build out/t", ["file out/t"]),
        ("predict cn", ["cnv", "cnv-w1a2"]),
        ("reweight out lf", ["lfc"]),
        ("train bnn", ["bnn-mnist", "bnn-cifar-10"]),
        ("train tfc --start tf", ["tfc"]),
        ("train tfc --dataset ", list(DATASETS)),
        ("eval tfc --dataset ", [*DATASETS, "random"]),
        ("verify out --simulator ", list(SIMULATORS)),
        ("verify out --level r", ["rtl", "routed"]),
        ("ver", ["verify", "verilog"]),
        ("train tfc -o out/", ["file out/"]),
        ("build tfc -o out", ["dir out"]),
    ],
)
def test_a_shell_completes(command, monkeypatch, line, expected):
    *words, incomplete = f"xnorflow {line}".split(" ")
    monkeypatch.setenv("_XNORFLOW_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join([*words, incomplete]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    status, out, err = command()
    assert (status, err) == (0, "")
    found = [entry.partition(",") for entry in out.splitlines()]
    assert [name if kind == "plain" else f"{kind} {name}" for kind, _, name in found] == expected


def test_bash_takes_the_line_of_the_readme(tmp_path):
    """The program is there under its name, as an installation makes it."""
    program = tmp_path / "xnorflow"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m xnorflow "$@"\n')
    program.chmod(0o755)
    script = 'eval "$(_XNORFLOW_COMPLETE=bash_source xnorflow)"; complete -p xnorflow'
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "--norc", "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "complete -o nosort -F _xnorflow_completion xnorflow\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["estimate", "tfc", "--board", "icebraker"],
            2,
            f"Invalid value for '--board': board must be one of {', '.join(BOARDS)}, not 'icebraker'; "
            "did you mean 'icebreaker'?",
        ),
        (
            ["estimate", "tfc", "--board", "ULX3S-25F"],
            2,
            f"Invalid value for '--board': board must be one of {', '.join(BOARDS)}, not 'ULX3S-25F'; "
            "did you mean 'ulx3s-25f'?",
        ),
        (
            ["estimate", "tcf", "--board", "icebreaker"],
            1,
            f"MODEL must be a file or one of {NETS}, not 'tcf'; did you mean 'tfc'?",
        ),
        (
            ["train", "Digit", "-o", "x"],
            2,
            f"Invalid value for 'NET': net must be one of {NETS}, not 'Digit'; did you mean 'digits'?",
        ),
        (
            ["train", "digits", "--dataset", "random", "-o", "x"],
            2,
            f"Invalid value for '--dataset': dataset must be one of {', '.join(DATASETS)}, not 'random'",
        ),
        (
            ["eval", "tfc", "--dataset", "fashion"],
            2,
            f"Invalid value for '--dataset': dataset must be one of {', '.join(DATASETS)}, random, not 'fashion'; "
            "did you mean 'fashion-mnist'?",
        ),
        (
            ["verify", "x", "--simulator", "verilater"],
            2,
            "Invalid value for '--simulator': 'verilater' is not one of 'verilator', 'icarus'; "
            "did you mean 'verilator'?",
        ),
        (
            ["verify", "x", "--level", "netlists"],
            2,
            f"Invalid value for '--level': 'netlists' is not one of {', '.join(map(repr, LEVELS))}; "
            "did you mean 'netlist'?",
        ),
        (
            ["build", "tfc", "--baud", "200000", "-o", "x"],
            2,
            "Invalid value for '--baud': '200000' is not one of '3000000', '2000000', '1000000', '500000', '115200'; "
            "did you mean '2000000'?",
        ),
        (
            ["train", "tfc", "--device", "gpu", "-o", "x"],
            2,
            "Invalid value for '--device': 'gpu' is not one of 'auto', 'cpu', 'cuda'; did you mean 'cpu'?",
        ),
        (["estmate"], 2, "No such command 'estmate'. Did you mean 'estimate'?"),
        (["estimate", "--bord", "x"], 2, "No such option '--bord'. Did you mean '--board'?"),
    ],
)
def test_what_was_perhaps_meant_is_named(command, words, status, message):
    assert command(*words) == (status, "", f"xnorflow: {message}\n")


@pytest.fixture
def shadowed(tmp_path, monkeypatch):
    """A current folder full of folders with names of networks, boards, data sets, levels and images."""
    for name in (*ZOO, *BOARDS, *DATASETS, "random", "rtl", "icarus", "17", "net.onnx", "folding.json", "image.png"):
        (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["estimate", "tfc", "--board", "icebreaker"], "tfc on icebreaker (UP5K), estimated"),
        (["eval", "digits", "--dataset", "digits"], "digits on digits: 97.50%"),
        (["predict", "digits", "17", "--dataset", "digits"], "17: 3"),
        (["predict", "tfc", "--dataset", "random", "--images", "1"], "tfc on random, the golden model: "),
        (["verilog", "digits", "--board", "icebreaker", "-o", "out"], "out/core.v: digits, a frame every"),
        (["verilog", "digits", "-o", "digits"], "digits/core.v: digits, a frame every"),
    ],
)
@pytest.mark.usefixtures("shadowed")
def test_a_folder_hides_no_name(command, words, expected):
    status, out, err = command(*words)
    assert (status, expected in out) == (0, True), err


def test_a_build_comes_before_the_network_of_its_name(command, shadowed):
    """As a file does: who made it means it."""
    network = random_network((16, 8, 4))
    write_verilog(Design(network, (Folding(1, 4), Folding(1, 4))), shadowed / "tfc", on_progress=quiet)
    words = ["predict", "tfc", "--dataset", "random", "--images", "1"]
    assert command(*words)[1].startswith("random on random, the golden model: ")
    assert command("estimate", "tfc", "--board", "icebreaker", "--json")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["estimate", "./tfc", "--board", "icebreaker"], f"./tfc: is a folder; MODEL must be a file or one of {NETS}"),
        (
            ["eval", "net.onnx"],
            "net.onnx: not a finished build, it has no build.json; make it with xnorflow verilog, or with xnorflow build, "
            "which makes a bitstream too",
        ),
        (["eval", ""], f"MODEL must be a file or one of {NETS}, not ''"),
        (
            ["predict", "./tfc"],
            "tfc: not a finished build, it has no build.json; make it with xnorflow verilog, or with xnorflow build, "
            "which makes a bitstream too",
        ),
        (
            ["predict", "digits", "./image.png"],
            "image.png: is a folder, not an image; give --data a folder of pictures",
        ),
        (["import", "net.onnx", "-o", "x"], "net.onnx: must be an ONNX file, not a folder; name the file in it"),
        (["verilog", "tfc", "--folding", "folding.json", "-o", "x"], "folding.json: is a folder, not a folding file"),
    ],
)
@pytest.mark.usefixtures("shadowed")
def test_a_folder_in_place_of_a_file_is_told(command, words, message):
    assert command(*words) == (1, "", f"xnorflow: {message}\n")


def test_images_and_their_number_exclude_each_other(command):
    message = "IMAGE and --images exclude each other; name images, or say how many test images"
    assert command("predict", "digits", "17", "x.png", "--images", "3") == (2, "", f"xnorflow: {message}\n")


def parameters(group):
    for name, one in [("", group), *group.commands.items()]:
        yield from ((name, parameter) for parameter in one.params)


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, option in parameters(cli) if isinstance(option, click.Option)],
    ids=lambda value: value if isinstance(value, str) else value.opts[0],
)
def test_every_option_is_described(name, option):
    assert option.help, f"xnorflow {name} {option.opts[0]}"
    assert option.help[0].isupper()
    assert option.help.endswith((".", "]"))
