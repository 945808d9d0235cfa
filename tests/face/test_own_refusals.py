"""Own data that cannot be used, and options of it that do not go together: told in one line."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.face.shapes import SHAPES, write_folder
from tests.networks import random_network
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.store import save


def only_one(folder):
    write_folder(folder)
    for name in SHAPES[1:]:
        (folder / name).rename(folder.parent / name)


def no_folder(folder):
    folder.mkdir()
    Image.new("L", (28, 28)).save(folder / "a.png")


def one_image_a_class(folder):
    write_folder(folder, count=1)


def empty_class(folder):
    write_folder(folder)
    (folder / "void").mkdir()
    (folder / "void" / ".hidden").write_text("")


def another_size(folder):
    write_folder(folder)
    Image.new("L", (30, 28)).save(folder / "cross" / "wide.png")


def not_a_picture(folder):
    write_folder(folder)
    (folder / "ring" / "notes.txt").write_text("nix")


def folder_in_a_class(folder):
    write_folder(folder)
    (folder / "ring" / "more").mkdir()


def link_out_of_it(folder):
    write_folder(folder)
    Image.new("L", (28, 28)).save(folder.parent / "secret.png")
    (folder / "bar" / "link.png").symlink_to(folder.parent / "secret.png")


def class_out_of_it(folder):
    write_folder(folder)
    write_folder(folder.parent / "elsewhere")
    (folder / "link").symlink_to(folder.parent / "elsewhere" / "bar")


def photographs(folder):
    write_folder(folder, count=2, size=300)


def control_characters(folder):
    write_folder(folder)
    (folder / "bar").rename(folder / "b\x1b[2Jr")


def unequal_classes(folder):
    write_folder(folder)
    (folder / "bar").rename(folder / "beam")


def missing(folder):
    assert not folder.exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, "{own}: no such data; give a .npz file, or a folder with one for each class"),
        (no_folder, "{own}: has no folders with pictures; make one for each class"),
        (only_one, "own/: must have 2 classes or more to learn from, not only 'bar'"),
        (one_image_a_class, "own/: the class 'bar' has 1 image, none of them to learn from; it must have 2 different ones or more"),
        (empty_class, "{own}/void: has no pictures; put some in, or take the folder away"),
        (another_size, "{own}/cross/wide.png: has 28x30 pixels, but 28x28 are wanted; --fit resizes it"),
        (not_a_picture, "{own}/ring/notes.txt: not a picture that Pillow can read; save it as PNG"),
        (folder_in_a_class, "{own}/ring/more: not a picture; a class has files only"),
        (link_out_of_it, "{own}/bar/link.png: leads out of {own}; put a copy there"),
        (class_out_of_it, "{own}/link: leads out of {own}; put a copy there"),
        (photographs, "{own}/bar/00.png: has 300x300 pixels, too many for a network; --fit resizes them to 28x28"),
        (control_characters, "{own}: a folder has the name of a class, and a label must be 1 to 100 characters that can be printed, not 'b\\x1b[2Jr'"),
    ],
)  # fmt: skip
def test_folders_that_cannot_be_learnt_are_told_in_one_line(make, message, command, tmp_path):
    own = tmp_path / "own"
    make(own)
    status, out, err = command("train", "tfc", "--data", own, "--epochs", 1, "-o", tmp_path / "model")
    lines = [line for line in err.splitlines() if not line.endswith(" ...")]
    assert (status, out, lines) == (1, "", [f"xnorflow: {message.format(own=own)}"])
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (unequal_classes, "{own}: has the class 'beam', which tfc has not: bar, cross, ring"),
        (link_out_of_it, "{own}/bar/link.png: leads out of {own}; put a copy there"),
        (photographs, None),
    ],
)
def test_folders_that_do_not_fit_the_network_are_told(make, message, command, trained, tmp_path):
    own = tmp_path / "own"
    make(own)
    status, out, err = command("eval", trained, "--data", own)
    assert (status, out, err.count("\n")) == (1, "", 1)
    pattern = rf"xnorflow: {own}/\w+/0\d\.png: has 300x300 pixels, but 28x28 are wanted; --fit resizes it\n"
    assert re.fullmatch(pattern if message is None else re.escape(f"xnorflow: {message.format(own=own)}\n"), err)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["eval", "{net}", "--data", "x", "--dataset", "mnist"], 2, "--data and --dataset exclude each other; give one of them"),
        (["train", "tfc", "--data", "x", "--dataset", "mnist", "-o", "y"], 2, "--data and --dataset exclude each other; give one of them"),
        (["predict", "{net}", "x.png", "--data", "x"], 2, "IMAGE and --data exclude each other; give one of them"),
        (["predict", "{net}", "x.png", "--part", "all"], 2, "--part is for images of your own; name them with --data"),
        (["predict", "{net}", "3", "--invert"], 2, "--fit and --invert are for pictures; images of the test set are taken as they are"),
        (["eval", "{net}", "--fit"], 2, "--fit is for images of your own; name them with --data"),
        (["eval", "{net}", "--invert"], 2, "--invert is for images of your own; name them with --data"),
        (["verify", "x", "--part", "all"], 2, "--part is for images of your own; name them with --data"),
        (["train", "tfc", "--size", "9x9", "-o", "y"], 2, "--size is for images of your own; name them with --data"),
        (["train", "tfc", "--size", "9", "-o", "y"], 2, "Invalid value for '--size': size must be rows and columns such as 28x28, of 1..256 each, not '9'"),
        (["train", "tfc", "--size", "0x999", "-o", "y"], 2, "Invalid value for '--size': size must be rows and columns such as 28x28, of 1..256 each, not '0x999'"),
        (["eval", "{net}"], 1, "tfc was trained on shapes/, data of one's own; name its images with --data"),
        (["eval", "{net}", "--data", "{net}"], 1, "{net}: not a .npz file that can be used: File is not a zip file"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_told(words, status, message, command, trained):
    words = [word.format(net=trained) for word in words]
    assert command(*words) == (status, "", f"xnorflow: {message.format(net=trained)}\n")


def test_numbers_alone_are_no_names(command, trained, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, images=np.zeros((3, 28, 28), np.uint8), labels=[0, 1, 2])
    status, out, err = command("eval", trained, "--data", path)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "'0'" in err


def test_labels_beyond_the_network_are_told(command, tmp_path):
    flat = random_network((12, 3))
    save(Network("small", Thermometer((3, 4), (128,)), flat.layers), tmp_path / "model")
    path = tmp_path / "own.npz"
    np.savez(path, images=np.zeros((4, 3, 4), np.uint8), labels=[0, 1, 2, 3])
    message = f"xnorflow: {path}: has labels up to 3, but small has 3 classes\n"
    assert command("eval", tmp_path / "model", "--data", path) == (1, "", message)
    np.savez(path, images=np.zeros((3, 4, 3), np.uint8), labels=[0, 1, 2])
    message = f"xnorflow: {path}: has images of 4x3, but the network takes 3x4\n"
    assert command("eval", tmp_path / "model", "--data", path) == (1, "", message)
