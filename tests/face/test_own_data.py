"""Own data in every command: from a folder of pictures, or arrays, to a network and what it makes of them."""

import json

import numpy as np
from PIL import Image

from tests.face.shapes import SHAPES, drawn, write_folder
from xnorflow.model import golden
from xnorflow.model.ir import Thermometer
from xnorflow.model.store import load


def test_a_network_of_the_zoo_learns_a_folder_of_three_classes(command, shapes, tmp_path):
    path = tmp_path / "own.safetensors"
    words = ("--epochs", 1, "--batch", 16, "--no-teacher", "-o", path)
    status, out, err = command("train", "mnist-cnn", "--data", shapes, *words)
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


def test_accuracy_is_told_in_every_command(command, shapes, trained, tmp_path):
    network = load(trained)
    status, out, err = command("eval", trained, "--data", shapes, "--json")
    told = json.loads(out)
    assert (status, told["dataset"], told["images"]) == (0, "shapes/ (test)", 12), err
    correct = told["correct"]
    assert correct == int(network.provenance["test_correct"])
    share = f"{correct / 12:.2%} ({correct} of 12 images)"
    assert command("verilog", trained, "-o", tmp_path / "out")[0] == 0
    assert command("eval", tmp_path / "out", "--data", shapes)[1] == f"tfc on shapes/ (test): {share}\n"
    status, out, err = command("verify", tmp_path / "out", "--data", shapes, "--simulator", "icarus")
    assert status == 0, err
    assert out.splitlines()[-1] == f"accuracy on shapes/ (test): {share}"
    status, out, _ = command("predict", trained, "--data", shapes)
    assert (status, out.startswith(f"tfc on shapes/ (test), the golden model: {share}, ")) == (0, True)
    rows = json.loads(command("predict", trained, "--data", shapes, "--json")[1])["images"]
    assert len(rows) == 12
    assert all(row["image"].startswith(SHAPES[row["label"]] + "/") for row in rows)
    assert sum(row["class"] == row["label"] for row in rows) == correct
    assert json.loads(command("eval", trained, "--data", shapes, "--part", "all", "--json")[1])["images"] == 60


def test_torch_is_quoted_only_for_the_images_it_was_tested_on(shapes, trained, tmp_path):
    from xnorflow.own import Own
    from xnorflow.tested import is_tested_on

    network = load(trained)
    same, others = Own(shapes).images(network), Own(write_folder(tmp_path / "shapes", seed=1)).images(network)
    assert same.name == others.name
    assert is_tested_on(network, same.images, same.labels, same.name)
    assert not is_tested_on(network, others.images, others.labels, others.name)


def test_classes_have_their_names_in_predictions(command, shapes, trained):
    network, path = load(trained), shapes / "ring" / "00.png"
    image = np.asarray(Image.open(path))[np.newaxis]
    scores = golden.forward(network, image)[0]
    first, second, third = np.argsort(-scores, kind="stable").tolist()
    behind = [f"{SHAPES[n]} ({scores[first] - scores[n]} behind)" for n in (second, third)]
    assert command("predict", trained, path) == (0, f"{path}: {SHAPES[first]}, then {', '.join(behind)}\n", "")
    (row,) = json.loads(command("predict", trained, path, "--json")[1])["images"]
    assert (row["name"], [best["name"] for best in row["best"]]) == (SHAPES[first], [SHAPES[n] for n in (first, second, third)])  # fmt: skip
    assert [best["behind"] for best in row["best"]] == [int(scores[first] - scores[n]) for n in (first, second, third)]


def test_a_negative_is_pointed_out(command, shapes, trained, tmp_path):
    path = tmp_path / "negative.png"
    Image.fromarray(255 - np.asarray(Image.open(shapes / "ring" / "00.png"))).save(path)
    hint = f"xnorflow: {path}: bright at its border, but tfc was trained on images that are dark there; try --invert\n"
    status, _, err = command("predict", trained, path)
    assert (status, err) == (0, hint)
    right = command("predict", trained, shapes / "ring" / "00.png")[1].partition(": ")[2]
    assert command("predict", trained, path, "--invert") == (0, f"{path}: {right}", "")


def test_a_photograph_is_resized_where_that_is_asked_for(command, shapes, trained, tmp_path):
    path = tmp_path / "large.png"
    Image.open(shapes / "ring" / "00.png").resize((280, 280), Image.Resampling.NEAREST).save(path)
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


def test_hardware_of_ones_own_network_is_proved_without_its_data(command, trained, tmp_path):
    assert command("verilog", trained, "-o", tmp_path / "out")[0] == 0
    status, out, err = command("verify", tmp_path / "out", "--images", 2, "--simulator", "icarus")
    assert (status, "2 random images, 0 mismatches" in out, "accuracy" in out) == (0, True, False)
    assert "tfc was trained on shapes/, data of one's own; name its images with --data; random images are used" in err
