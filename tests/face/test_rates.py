"""``--fps`` on the command line: reached, or refused with the stage that limits and what would help."""

import json

import pytest

from xnorflow.boards.catalogue import find_board
from xnorflow.design import Design, fold
from xnorflow.hw.bottleneck import find_bottleneck
from xnorflow.hw.limits import LARGEST_INTERVAL
from xnorflow.models import open_model
from xnorflow.rates import cycles_of_rate

BOUND = "the windows of conv2d0 take 6084 cycles a frame at any folding; that rate needs a clock of "


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["mnist-cnn", "--board", "ulx3s-25f", "--fps", "50000"],
            "--fps must be at most 12327 for mnist-cnn at the 75 MHz of ulx3s-25f, not 50000: "
            f"{BOUND}304.2 MHz, which no board has",
        ),
        (
            ["mnist-cnn", "--board", "ulx3s-25f", "--fps", "100000"],
            "--fps must be at most 12327 for mnist-cnn at the 75 MHz of ulx3s-25f, not 100000: "
            f"{BOUND}608.4 MHz, which no board has",
        ),
        (
            ["mnist-cnn", "--board", "icebreaker", "--fps", "6000"],
            "--fps must be at most 5917 for mnist-cnn at the 36 MHz of icebreaker, not 6000: "
            f"{BOUND}36.6 MHz, and tinyfpga-bx has 48 MHz",
        ),
        (
            ["tfc", "--board", "icebreaker", "--fps", "36000001"],
            "--fps must be at most 36000000 for tfc at the 36 MHz of icebreaker, not 36000001: the beats of input take "
            "a cycle a frame at any folding; that rate needs a clock of 36.1 MHz, and tinyfpga-bx has 48 MHz",
        ),
        (["tfc", "--board", "icebreaker", "--fps", "nan"], "--fps must be a number above 0, not nan"),
        (["tfc", "--board", "icebreaker", "--fps", "inf"], "--fps must be a number above 0, not inf"),
        (["tfc", "--board", "icebreaker", "--fps", "-3"], "--fps must be a number above 0, not -3"),
        (
            ["tfc", "--board", "icebreaker", "--fps", "1000000"],
            "tfc at an interval of 32 cycles needs about 13007 logic cells and 30 block RAMs; UP5K has 5280 (of which "
            "4224 can be placed well) and 30; UP5K fits an interval of 125 cycles, 288000 frames/s at 36 MHz; "
            "the same folding fits ECP5-12F",
        ),
    ],
)
@pytest.mark.parametrize(
    "command_words", [["estimate"], ["verilog", "-o"], ["build", "-o"]], ids=lambda words: words[0]
)
def test_a_rate_out_of_reach_is_refused_before_work(command, tmp_path, command_words, words, message):
    folder = [tmp_path / "out"] if "-o" in command_words else []
    assert command(*command_words, *folder, *words) == (1, "", f"xnorflow: {message}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fps", [12_327, 12_326.5, 10_000, 800, 1, 1e-5])
def test_a_rate_within_reach_is_reached(command, fps):
    status, out, _ = command("estimate", "mnist-cnn", "--board", "ulx3s-25f", "--fps", str(fps), "--json")
    data = json.loads(out)
    assert status == 0
    assert 75e6 / data["interval"] >= fps


def test_a_rate_so_low_that_any_design_does_takes_the_smallest_one(command):
    reports = [
        command("estimate", "mnist-cnn", "--board", "ulx3s-25f", "--fps", fps, "--json") for fps in ("1", "1e-300")
    ]
    assert reports[0] == reports[1]


def test_a_higher_rate_is_never_cheaper_and_the_highest_not_dear(command):
    cells = []
    for fps in (2000, 4000, 8000, 12_327):
        _, out, _ = command("estimate", "mnist-cnn", "--board", "ulx3s-25f", "--fps", str(fps), "--json")
        cells.append(json.loads(out)["cells"])
    assert cells == sorted(cells)
    # All the cells that the device had went into products that waited for the windows.
    assert cells[-1] < 6000


@pytest.mark.parametrize(
    ("fps", "cycles"), [(36e6 / 144, 144), (250_000.001, 143), (249_999.999, 144), (0.3, 120_000_000)]
)
def test_rates_are_counted_in_exact_numbers(fps, cycles):
    assert cycles_of_rate(open_model("tfc"), find_board("icebreaker"), fps) == cycles


def test_without_a_board_the_interval_is_one_that_the_network_can_have():
    network = open_model("mnist-cnn")
    design = Design(network, fold(network, board=None))
    assert find_bottleneck(network).cycles <= design.accelerator().interval < LARGEST_INTERVAL


def test_a_folding_too_large_for_hardware_is_refused_before_work(command, tmp_path):
    path = tmp_path / "folding.json"
    network = open_model("lfc")
    foldings = {name: {"pe": layer.mh, "simd": layer.mw} for name, layer in network.matrices.items()}
    path.write_text(json.dumps(foldings))
    message = "multiplications in a cycle must be at most 65536 in hardware, not 2910208"
    expected = (1, "", f"xnorflow: {message}\n")
    assert command("verilog", "lfc", "--folding", path, "-o", tmp_path / "out") == expected
    assert not (tmp_path / "out").exists()
