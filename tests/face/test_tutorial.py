"""docs/tutorial.md does what it says: its lines are run, one after the other, from the page's own text."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


def blocks():
    """Kind and text of each fenced block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def steps():
    """What to run: a program in Python, or a command with the lines that the page shows under it."""
    for kind, text in blocks():
        if kind == "python":
            yield ["-c", text], ""
        else:
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                program, *words = shlex.split(command)
                assert program == "xnorflow"
                yield ["-m", "xnorflow.cli", *words], shown


def masked(text):
    """Lines without their figures, which another processor may change, and without empty space."""
    plain = re.sub(r"─+", "", re.sub(r"\d[\d,.]*", "0", text))
    # Which class comes second is a figure, too.
    plain = re.sub(r"(: \w+), then .*", r"\1", plain)
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


def test_the_tutorial_runs_as_it_stands(tmp_path):
    commands = list(steps())
    assert [words[2] for words, _ in commands if words[0] == "-m"] == [
        *("train", "eval", "predict", "predict", "predict"),
        *("estimate", "build", "eval", "verify"),
    ]
    for words, shown in commands:
        ran = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "140"}
        )
        assert ran.returncode == 0, ran.stderr
        told = [line for line in ran.stderr.splitlines() if line.startswith("xnorflow: ")]
        if shown:
            # A wrong answer of the negative is a figure; what is told of it is not.
            assert masked("\n".join(told) + "\n" + unsure(ran.stdout)) == masked(unsure(shown)), words
    build = json.loads((tmp_path / "out" / "mine" / "build.json").read_text())
    assert (tmp_path / "out" / "mine" / build["files"]["bitstream"]).stat().st_size > 0
    assert build["accuracy"]["torch"] == build["accuracy"]["golden"] == build["accuracy"]["rtl"] > 330
    assert [(entry["level"], entry["mismatches"]) for entry in build["verify"]] == [("rtl", 0), ("rtl", 0)]


def unsure(text):
    """The class of a picture that is shown as its negative is anybody's guess."""
    return re.sub(r"^photo\.png: (?!seven)\w+,", "photo.png: four,", text, flags=re.MULTILINE)
