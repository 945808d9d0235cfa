"""Own data in every command: from a folder of pictures, or arrays, to a network and what it makes of them."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

from tests.networks import random_network
from xnorflow.cli import main
from xnorflow.model import golden
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.store import load, save

SHAPES = ("bar", "cross", "ring")


@pytest.fixture
def command(capsys, monkeypatch):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return run


def drawn(name, rng, size):
    """A picture of a shape, bright on dark."""
    picture = rng.integers(0, 40, (size, size), np.uint8)
    third = size // 3
    if name == "ring":
        picture[third : 2 * third + 1, third : 2 * third + 1] = 230
        picture[third + 2 : 2 * third - 1, third + 2 : 2 * third - 1] = 10
    else:
        picture[size // 2 - 1 : size // 2 + 2, third : 2 * third] = 220
    if name == "cross":
        picture[third : 2 * third, size // 2 - 1 : size // 2 + 2] = 220
    return picture


def write_folder(folder, *, count=20, size=28, seed=0):
    rng = np.random.default_rng(seed)
    for name in SHAPES:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(drawn(name, rng, size)).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("own") / "shapes")


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A network that learnt the folder."""
    path = tmp_path_factory.mktemp("trained") / "shapes.safetensors"
    words = ("train", "tfc", "--data", folder, "--epochs", 30, "--batch", 12, "-o", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
    assert stop.value.code == 0
    return path


def test_a_network_of_the_zoo_learns_a_folder_of_three_classes(command, folder, tmp_path):
    path = tmp_path / "own.safetensors"
    words = ("--epochs", 1, "--batch", 16, "--no-teacher", "-o", path)
    status, out, err = command("train", "mnist-cnn", "--data", folder, *words)
    assert status == 0, err
    network = load(path)
    assert (network.labels, network.classes, network.input.shape) == (SHAPES, 3, (28, 28))
    assert (network.dataset, network.provenance["background"]) == ("shapes/", "dark")
    assert "12 test images, torch = golden on each" in out


def test_the_network_follows_the_size_of_the_pictures(command, tmp_path):
    folder = write_folder(tmp_path / "small", count=5, size=12)
    status, _, err = command("train", "digits", "--data", folder, "--epochs", 1, "--batch", 4, "-o", tmp_path / "a")
    assert status == 0, err
    assert load(tmp_path / "a").input == Thermometer((12, 12), (64, 128, 191))
    words = ("--epochs", 1, "--batch", 4, "-o", tmp_path / "b")
    status, _, err = command("train", "digits", "--data", folder, "--size", "9x11", *words)
    assert (status, load(tmp_path / "b").input.shape) == (0, (9, 11)), err
    words = ("--epochs", 1, "--batch", 4, "-o", tmp_path / "c")
    assert command("train", "digits", "--data", folder, "--fit", *words)[0] == 0
    assert load(tmp_path / "c").input.shape == (8, 8)


def test_accuracy_is_told_in_every_command(command, folder, trained, tmp_path):
    network = load(trained)
    status, out, err = command("eval", trained, "--data", folder, "--json")
    told = json.loads(out)
    assert (status, told["dataset"], told["images"]) == (0, "shapes/ (test)", 12), err
    correct = told["correct"]
    assert correct == int(network.provenance["test_correct"])
    share = f"{correct / 12:.2%} ({correct} of 12 images)"
    assert command("verilog", trained, "-o", tmp_path / "out")[0] == 0
    assert command("eval", tmp_path / "out", "--data", folder)[1] == f"tfc on shapes/ (test): {share}\n"
    status, out, err = command("verify", tmp_path / "out", "--data", folder, "--simulator", "icarus")
    assert status == 0, err
    assert out.splitlines()[-1] == f"accuracy on shapes/ (test): {share}"
    status, out, _ = command("predict", trained, "--data", folder)
    assert (status, out.startswith(f"tfc on shapes/ (test), the golden model: {share}, ")) == (0, True)
    rows = json.loads(command("predict", trained, "--data", folder, "--json")[1])["images"]
    assert len(rows) == 12
    assert all(row["image"].startswith(SHAPES[row["label"]] + "/") for row in rows)
    assert sum(row["class"] == row["label"] for row in rows) == correct
    assert json.loads(command("eval", trained, "--data", folder, "--part", "all", "--json")[1])["images"] == 60


def test_torch_is_quoted_only_for_the_images_it_was_tested_on(folder, trained, tmp_path):
    from xnorflow.own import Own
    from xnorflow.tested import is_tested_on

    network = load(trained)
    same, others = Own(folder).images(network), Own(write_folder(tmp_path / "shapes", seed=1)).images(network)
    assert same.name == others.name
    assert is_tested_on(network, same.images, same.labels, same.name)
    assert not is_tested_on(network, others.images, others.labels, others.name)


def test_classes_have_their_names_in_predictions(command, folder, trained):
    network, path = load(trained), folder / "ring" / "00.png"
    image = np.asarray(Image.open(path))[np.newaxis]
    scores = golden.forward(network, image)[0]
    first, second, third = np.argsort(-scores, kind="stable").tolist()
    behind = [f"{SHAPES[n]} ({scores[first] - scores[n]} behind)" for n in (second, third)]
    assert command("predict", trained, path) == (0, f"{path}: {SHAPES[first]}, then {', '.join(behind)}\n", "")
    (row,) = json.loads(command("predict", trained, path, "--json")[1])["images"]
    assert (row["name"], [best["name"] for best in row["best"]]) == (SHAPES[first], [SHAPES[n] for n in (first, second, third)])  # fmt: skip
    assert [best["behind"] for best in row["best"]] == [int(scores[first] - scores[n]) for n in (first, second, third)]


def test_a_negative_is_pointed_out(command, folder, trained, tmp_path):
    path = tmp_path / "negative.png"
    Image.fromarray(255 - np.asarray(Image.open(folder / "ring" / "00.png"))).save(path)
    hint = f"xnorflow: {path}: bright at its border, but tfc was trained on images that are dark there; try --invert\n"
    status, _, err = command("predict", trained, path)
    assert (status, err) == (0, hint)
    right = command("predict", trained, folder / "ring" / "00.png")[1].partition(": ")[2]
    assert command("predict", trained, path, "--invert") == (0, f"{path}: {right}", "")


def test_a_photograph_is_resized_where_that_is_asked_for(command, folder, trained, tmp_path):
    path = tmp_path / "large.png"
    Image.open(folder / "ring" / "00.png").resize((280, 280), Image.Resampling.NEAREST).save(path)
    message = f"xnorflow: {path}: has 280x280 pixels, but 28x28 are wanted; --fit resizes it\n"
    assert command("predict", trained, path) == (1, "", message)
    status, out, err = command("predict", trained, path, "--fit")
    assert (status, out.partition(",")[0]) == (0, f"{path}: ring"), err


def test_arrays_of_ones_own(command, tmp_path):
    rng = np.random.default_rng(0)
    images = np.stack([drawn(SHAPES[n % 3], rng, 9) for n in range(30)])
    path = tmp_path / "own.npz"
    np.savez_compressed(path, images=images[..., np.newaxis], labels=np.arange(30) % 3, classes=SHAPES)
    words = ("--epochs", 1, "--batch", 8, "-o", tmp_path / "model")
    status, _, err = command("train", "digits", "--data", path, *words)
    assert status == 0, err
    network = load(tmp_path / "model")
    assert (network.labels, network.input.shape, network.dataset) == (SHAPES, (9, 9), "own.npz")
    status, out, _ = command("eval", tmp_path / "model", "--data", path, "--json")
    assert (status, json.loads(out)["correct"]) == (0, int(network.provenance["test_correct"]))
    # Names decide, not numbers.
    np.savez(path, images=images, labels=2 - np.arange(30) % 3, classes=SHAPES[::-1])
    turned = json.loads(command("eval", tmp_path / "model", "--data", path, "--json")[1])
    assert (turned["dataset"], turned["correct"]) == ("own.npz (test)", json.loads(out)["correct"])


def test_numbers_alone_are_no_names(command, trained, tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, images=np.zeros((3, 28, 28), np.uint8), labels=[0, 1, 2])
    status, out, err = command("eval", trained, "--data", path)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "'0'" in err


def test_chosen_parts_are_kept(command, trained, tmp_path):
    both = tmp_path / "both"
    for number, part in enumerate(("train", "test")):
        write_folder(both / part, count=6 - number, seed=number)
    found = json.loads(command("eval", trained, "--data", both, "--json")[1])
    assert (found["images"], found["dataset"]) == (15, "both/ (test)")
    words = ("--epochs", 1, "--batch", 8, "-o", tmp_path / "model")
    assert command("train", "tfc", "--data", both, *words)[0] == 0
    assert load(tmp_path / "model").provenance["test_images"] == "15"
    copy = both / "test" / "bar" / "copy.png"
    copy.write_bytes((both / "train" / "bar" / "03.png").read_bytes())
    message = "both/: test/bar/copy.png is the same as train/bar/03.png; keep it in one of the two parts"
    status, _, err = command("train", "tfc", "--data", both, *words)
    assert (status, err.splitlines()[-1]) == (1, f"xnorflow: {message}")


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


def test_hardware_of_ones_own_network_is_proved_without_its_data(command, trained, tmp_path):
    assert command("verilog", trained, "-o", tmp_path / "out")[0] == 0
    status, out, err = command("verify", tmp_path / "out", "--images", 2, "--simulator", "icarus")
    assert (status, "2 random images, 0 mismatches" in out, "accuracy" in out) == (0, True, False)
    assert "tfc was trained on shapes/, data of one's own; name its images with --data; random images are used" in err


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
