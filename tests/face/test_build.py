"""The whole path on real digits, as ``make demo`` goes it, for a network that trains in a second."""

import importlib.resources
import json
import sys

import jsonschema
import pytest

from xnorflow.cli import main
from xnorflow.prediction import open_predicted


def command(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0


def test_from_training_to_bitstream(monkeypatch, tmp_path, capsys):
    model, folder = tmp_path / "digits.safetensors", tmp_path / "out"
    command(monkeypatch, "train", "digits", "--epochs", "3", "-o", model)
    assert model.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    command(monkeypatch, "build", model, "--board", "icebreaker", "--fps", "20000", "--baud", "1000000", "-o", folder)

    build = json.loads((folder / "build.json").read_text())
    schema = json.loads(importlib.resources.files("xnorflow").joinpath("build.schema.json").read_text())
    jsonschema.validate(build, schema)
    accuracy, cycles = build["accuracy"], build["cycles"]
    assert accuracy["images"] == 360
    assert accuracy["torch"] == accuracy["golden"] == accuracy["rtl"] > 36
    assert cycles["interval_measured"] == cycles["interval_expected"] <= 36e6 / 20000
    assert build["verify"][0]["stalls"]
    assert build["timing"]["met"]
    assert build["target"]["baud"] == open_predicted(str(folder))[1] == 1_000_000
    assert build["resources"]["lut4"] <= build["resources"]["available"]["lut4"]
    assert all((folder / name).stat().st_size for name in build["files"].values())
    table = capsys.readouterr().out
    assert all(f"accuracy, {who}" in table for who in ("torch", "golden", "RTL"))
