"""What reports say: which images and how many, and two rates."""

import json
from dataclasses import replace

import pytest

from tests.networks import random_images, random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.implementation import Implementation
from xnorflow.build import build, record_verification
from xnorflow.console import show
from xnorflow.design import Design
from xnorflow.hw.folding import Folding
from xnorflow.model.store import save
from xnorflow.report import build_table, estimate_json, images_text, savings_json, verification_text
from xnorflow.sim.verify import Report

REPORT = Report("rtl", "icarus", 100, 0, True, 1.5, 352, 352, 975, None)
MADE = Implementation(1825, 900, 16, 0, {"lut4": 5280, "ff": 5280, "bram": 30, "dsp": 8}, 42.0, 36.0, 1)


@pytest.mark.parametrize(
    ("count", "dataset", "text"),
    [
        (100, "digits", "100 images of digits"),
        (1, "mnist", "1 image of mnist"),
        (1000, "random", "1,000 random images"),
        (1, "random", "1 random image"),
    ],
)
def test_images_are_always_named(count, dataset, text):
    assert images_text(count, dataset) == text


def test_a_verification_in_a_line():
    assert verification_text(REPORT, "digits") == (
        "rtl on icarus: 100 images of digits, 0 mismatches, interval 352 cycles, 352 by the formula, latency 975"
    )
    pins = replace(REPORT, level="pins", interval_measured=None, latency_measured=None)
    assert verification_text(pins, "random") == "pins on icarus: 100 random images, 0 mismatches"


def test_a_verification_replaces_its_own_kind_only():
    result = {"verify": [], "cycles": {}}
    for count, dataset in ((360, "digits"), (9, "random"), (7, "random")):
        record_verification(result, replace(REPORT, images=count), dataset=dataset)
    found = [(entry["dataset"], entry["images"]) for entry in result["verify"]]
    assert found == [("digits", 360), ("random", 7)]


def test_images_without_labels_are_named_on_screen_and_in_the_file(command, tmp_path):
    save(random_network((16, 8, 4)), tmp_path / "mine.safetensors")
    folder = tmp_path / "out"
    assert command("verilog", tmp_path / "mine.safetensors", "-o", folder)[0] == 0
    _, out, _ = command("verify", folder, "--images", "5", "--simulator", "icarus")
    assert out.startswith("rtl on icarus: 5 random images, 0 mismatches, interval ")
    (entry,) = json.loads((folder / "build.json").read_text())["verify"]
    assert (entry["dataset"], entry["images"]) == ("random", 5)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_an_estimate_has_both_rates(command, words):
    status, out, _ = command("estimate", "tfc", "--board", "icebreaker", "--fps", "140000", *words)
    assert status == 0
    if words:
        data = json.loads(out)
        assert (data["fps"], data["link_fps"], data["link_baud"]) == (140625.0, 2857.1, 3_000_000)
    else:
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert "frames per second, core 140,625 at 36 MHz" in lines
        assert "frames per second, link 2,857 at 3,000,000 baud" in lines


def test_an_estimate_of_a_core_that_no_link_suits(command, tmp_path):
    save(random_network((8, 4096, 10)), tmp_path / "slow")
    slowest = {name: {"pe": 1, "simd": 1} for name in ("dense0", "scores1")}
    (tmp_path / "folding.json").write_text(json.dumps(slowest))
    words = ["estimate", tmp_path / "slow", "--board", "icebreaker", "--folding", tmp_path / "folding.json"]
    _, out, _ = command(*words)
    assert "none: the core is too slow for any rate of the link; give another folding" in out
    data = json.loads(command(*words, "--json")[1])
    assert (data["link_fps"], data["link_baud"]) == (None, None)


def test_a_build_for_which_there_is_no_link_ends_before_the_simulation(command, tmp_path, monkeypatch):
    monkeypatch.setattr("xnorflow.build.verify_verilog", None)
    save(random_network((8, 4096, 10)), tmp_path / "slow")
    slowest = {name: {"pe": 1, "simd": 1} for name in ("dense0", "scores1")}
    (tmp_path / "folding.json").write_text(json.dumps(slowest))
    options = ["--board", "icebreaker", "--folding", tmp_path / "folding.json", "--dataset", "random"]
    status, _, err = command("build", tmp_path / "slow", *options, "-o", tmp_path / "out")
    assert (status, err.startswith("xnorflow: one of 3000000, 2000000, 1000000, 500000, 115200 baud must")) == (1, True)


def build_without_tools(design, folder, monkeypatch):
    made = type("", (), {"implementation": MADE, "bitstream": folder / "bitstream" / "top.bin"})

    def tools(_accelerator, _board, output, **_options):
        output.mkdir()
        made.bitstream.write_bytes(b"")
        return made

    monkeypatch.setattr("xnorflow.build.make_bitstream", tools)
    images = random_images(design.network, 6)
    options = {"labels": None, "dataset": "random", "simulator": "icarus", "seed": 0}
    return build(design, folder, images=images, on_progress=lambda *_words: None, **options)


def test_a_build_has_both_rates(tmp_path, monkeypatch, capsys):
    """Without the tools: their figures are in the tests of the flow."""
    network = random_network((784, 16, 10))
    board = replace(find_board("icebreaker"), baud=1_000_000)
    design = Design(network, (Folding(1, 98), Folding(1, 16)), board)
    result = build_without_tools(design, tmp_path / "out", monkeypatch)
    throughput = result["throughput"]
    assert (throughput["fps"], throughput["link_fps"], throughput["link_baud"]) == (281250.0, 952.4, 1_000_000)
    estimated = estimate_json(design.accelerator(), board)
    assert estimated["link_fps"] == throughput["link_fps"]
    show(build_table(result, savings_json(network)))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "rtl on icarus 6 random images, 0 mismatches" in lines
    assert "frames per second, core 281,250 at 36 MHz" in lines
    assert "frames per second, link 952 at 1,000,000 baud" in lines


def test_a_build_with_weights_in_spram_says_what_limits(tmp_path, monkeypatch, capsys):
    network = random_network((64, 36, 10))
    board = find_board("icebreaker")
    board = replace(board, device=replace(board.device, brams=2, lut4=1000))
    design = Design(network, (Folding(3, 8), Folding(2, 9)), board)
    result = build_without_tools(design, tmp_path / "out", monkeypatch)
    assert (result["resources"]["spram"], result["resources"]["available"]["spram"]) == (4, 4)
    assert result["files"]["weights"] == "weights.bin"
    data = estimate_json(design.accelerator(), board)
    assert (data["spram"], data["available"]["spram"]) == (4, 4)
    show(build_table(result, savings_json(network)))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    cycles = data["load_cycles"]
    assert "SPRAMs 4 of 4" in lines
    assert "slowest layer dense0: 24 weights a cycle, from SPRAM" in lines
    assert f"weights loaded from flash in {cycles:,} cycles by the formula, {cycles / 36e3:.2f} ms" in lines
