"""A training that is killed goes on, and ends where it would have ended."""

import csv
import json
import subprocess
import sys
import time

import pytest

from xnorflow.cli import main

EPOCHS = 60


def command(path, *options):
    words = ["train", "digits", "--epochs", str(EPOCHS), "-o", str(path), *options]
    return [sys.executable, "-m", "xnorflow.cli", *words]


def train(path, *options):
    return subprocess.run(command(path, *options), capture_output=True, text=True, check=False)


def killed(path):
    """Start a training and kill it, without a chance to clean up, once it has a checkpoint."""
    process = subprocess.Popen(command(path), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not path.with_suffix(".checkpoint").exists():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not path.exists()


def test_a_killed_training_goes_on_to_the_same_bytes(tmp_path):
    whole, resumed = tmp_path / "whole" / "net.safetensors", tmp_path / "resumed" / "net.safetensors"
    assert train(whole).returncode == 0
    killed(resumed)
    refused = train(resumed, "--rate", "0.5")
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        1,
        f"xnorflow: {resumed.with_suffix('.checkpoint')}: made with rate 0.02, not 0.5; "
        "give the same options to go on, or --restart to begin anew",
    )
    again = train(resumed)
    assert again.returncode == 0
    assert "digits: goes on after epoch " in again.stderr
    assert resumed.read_bytes() == whole.read_bytes()
    assert {path.suffix for path in resumed.parent.iterdir()} == {".safetensors", ".csv", ".json", ".png"}
    for path in (whole, resumed):
        rows = list(csv.DictReader(path.with_suffix(".csv").open()))
        assert [int(row["number"]) for row in rows] == list(range(1, EPOCHS + 1))
    settings = [json.loads(path.with_suffix(".json").read_text()) for path in (whole, resumed)]
    assert settings[0] == settings[1]
    assert (settings[0]["epochs"], settings[0]["seed"], settings[0]["rate"]) == (EPOCHS, 0, 0.02)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04N."])
def test_a_broken_checkpoint_is_refused_in_one_line(content, tmp_path, monkeypatch, capsys):
    path = tmp_path / "net.safetensors"
    checkpoint = path.with_suffix(".checkpoint")
    checkpoint.write_bytes(content)
    words = ["xnorflow", "train", "digits", "--epochs", "1", "--no-test", "-o", str(path)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as stop:
        main()
    last = capsys.readouterr().err.splitlines()[-1]
    assert stop.value.code == 1
    assert last.startswith(f"xnorflow: {checkpoint}: not a whole checkpoint (")
    assert last.endswith("); begin anew with --restart")
    monkeypatch.setattr(sys, "argv", [*words, "--restart"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert (stop.value.code, checkpoint.exists(), path.exists()) == (0, False, True)
    assert "test images" not in capsys.readouterr().out
