"""What cannot be written is told before the work, in one line, and nothing is left behind."""

import os

import pytest

from tests.networks import random_network
from xnorflow.commands import destination
from xnorflow.commands import train as train_command
from xnorflow.model.store import save

# What comes before -o; {model} is a network.
FILES = [("train", "digits"), ("import", "{folder}/net.onnx")]
FOLDERS = [("verilog", "{model}"), ("build", "{model}", "--board", "icebreaker")]


@pytest.fixture
def place(tmp_path):
    """A folder with a file, a folder, a link to nothing and a pipe."""
    save(random_network((16, 8, 4)), tmp_path / "file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "net.png").mkdir()
    (tmp_path / "link").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.fixture
def refused(command, place):
    def run(words, output, message):
        before = sorted(place.rglob("*"))
        words = [word.format(model=place / "file", folder=place) for word in words]
        expected = (2, "", f"xnorflow: Invalid value for '-o': {message.format(place)}\n")
        assert command(*words, "-o", output and place / output) == expected
        assert sorted(place.rglob("*")) == before

    return run


@pytest.mark.parametrize("words", FILES, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "must be a file to write, not ''"),
        ("folder", "{0}/folder: must be a file to write, not a folder"),
        ("..", "{0}/..: must be a file to write, not a folder"),
        ("pipe", "{0}/pipe: must be a file to write, not a device or a pipe"),
        ("file/net", "{0}/file: must be a folder to write to, but {0}/file is none"),
        ("file/deeper/net", "{0}/file/deeper: must be a folder to write to, but {0}/file is none"),
        ("link/net", "{0}/link: must be a folder to write to, but {0}/link is none"),
        (f"{'x' * 300}/net", f"{{0}}/{'x' * 300}/net: cannot be written to (File name too long)"),
    ],
)
def test_a_file(refused, words, output, message):
    refused(words, output, message)


@pytest.mark.parametrize("words", FOLDERS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "must be a folder to write to, not ''"),
        ("file", "{0}/file: must be a folder to write to, but {0}/file is none"),
        ("pipe", "{0}/pipe: must be a folder to write to, but {0}/pipe is none"),
        ("link", "{0}/link: must be a folder to write to, but {0}/link is none"),
        ("file/deeper", "{0}/file/deeper: must be a folder to write to, but {0}/file is none"),
    ],
)
def test_a_folder(refused, words, output, message):
    refused(words, output, message)


@pytest.mark.parametrize("suffix", train_command.BESIDE)
def test_a_model_is_not_overwritten_by_what_is_written_beside_it(refused, suffix):
    message = f"must not end in {suffix}, as what is written beside it does; name it .safetensors"
    refused(("train", "digits"), f"other{suffix}", f"{{0}}/other{suffix}: {message}")


def test_what_is_written_beside_a_model_must_be_a_file_too(refused):
    refused(("train", "digits"), "net.safetensors", "{0}/net.png: must be a file to write, not a folder")


@pytest.mark.parametrize("words", [*FILES, *FOLDERS], ids=lambda words: words[0])
def test_a_folder_that_must_not_be_written_to(refused, words, monkeypatch):
    """Not by its mode: these tests may run as root, who may write anywhere."""

    def refuse(dir):
        raise PermissionError(13, "Permission denied", str(dir / "x3f"))

    monkeypatch.setattr(destination.tempfile, "TemporaryFile", refuse)
    refused(words, "folder/new/net", "{0}/folder: cannot be written to (Permission denied)")


def test_an_imported_file_is_not_overwritten(command, place):
    file, same = place / "file", place / "folder" / ".." / "file"
    before = file.read_bytes()
    message = f"xnorflow: {same}: must be another file than the one that is imported\n"
    assert command("import", file, "-o", same) == (1, "", message)
    assert file.read_bytes() == before
